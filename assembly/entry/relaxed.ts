/** Everything that relaxed.wasm exports: the variants that need relaxed SIMD, and where the free memory begins. */
export function heapBase(): usize {
  return __heap_base;
}
