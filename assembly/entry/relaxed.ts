/** Everything that relaxed.wasm exports: the variants that need relaxed SIMD, and where the free memory begins. */
export * from "../generated/tables-relaxed";
export * from "../generated/dense-tables-relaxed";
export { w4a8_dense_1x16__relaxed_nibbles } from "../dense-low-bit/relaxed-nibbles";
export * from "../generated/direct-fma";
export * from "../generated/f32-depthwise-in-place-relaxed";
export * from "../generated/direct-reldot";
export * from "../generated/direct-reldot8";
export { f32_conv_2x16__relaxed_winograd23 } from "../generated/winograd23-fma";
export { f32_conv_2x16__relaxed_winograd43 } from "../generated/winograd43-fma";

export function heapBase(): usize {
  return __heap_base;
}
