/** Everything that relaxed.wasm exports: the variants that need relaxed SIMD, and where the free memory begins. */
export * from "../generated/dense-tables-relaxed";
export { w4a8_dense_1x16__relaxed_nibbles } from "../dense-low-bit/relaxed-nibbles";

export function heapBase(): usize {
  return __heap_base;
}
