/** Everything that relaxed.wasm exports: the variants that need relaxed SIMD, and where the free memory begins. */
export { w1a1_conv_4x32__relaxed_tables } from "../generated/tables-w1a1-conv-4x32-relaxed";
export { w1a1_conv_8x16__relaxed_tables } from "../generated/tables-w1a1-conv-8x16-relaxed";
export { w1a2_conv_4x32__relaxed_tables } from "../generated/tables-w1a2-conv-4x32-relaxed";
export { w1a2_conv_8x16__relaxed_tables } from "../generated/tables-w1a2-conv-8x16-relaxed";
export { w1a4_conv_4x32__relaxed_tables } from "../generated/tables-w1a4-conv-4x32-relaxed";
export { w1a4_conv_8x16__relaxed_tables } from "../generated/tables-w1a4-conv-8x16-relaxed";
export { w2a2_conv_4x16__relaxed_tables } from "../generated/tables-w2a2-conv-4x16-relaxed";
export * from "../generated/dense-tables-relaxed";
export { w4a8_dense_1x16__relaxed_nibbles } from "../dense-low-bit/relaxed-nibbles";
export * from "../generated/direct-fma";
export * from "../generated/direct-reldot";
export { f32_conv_2x16__relaxed_winograd23 } from "../generated/winograd23-fma";
export { f32_conv_2x16__relaxed_winograd43 } from "../generated/winograd43-fma";

export function heapBase(): usize {
  return __heap_base;
}
