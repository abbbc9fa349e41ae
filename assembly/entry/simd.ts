/**
 * Everything that simd.wasm exports: one function a kernel variant, named by its id, the reference loop that measuring
 * looks at the machine with, and where the free memory begins.
 */
export * from "../generated/direct-f32";
export * from "../generated/direct-i16";
export { w8a8_conv_4x16__simd_depthwise } from "../generated/depthwise-i8";
export { w8a8_conv_1x16__simd_depthwise3x3s1, w8a8_conv_1x16__simd_depthwise3x3s2 } from "../generated/depthwise-3x3-i8";
export { f32_conv_4x4__simd_depthwise3x3s1, f32_conv_4x4__simd_depthwise3x3s2 } from "../depthwise/f32";
export * from "../generated/f32-depthwise-in-place-simd";
export { f32_conv_4x4__simd_depthwise } from "../depthwise/f32-general";
export { f32_conv_4x8__simd_grouped } from "../f32/grouped";
export { f32_softmax_1x1__simd } from "../f32/softmax";
export { f32_conv_2x16__simd_winograd23 } from "../generated/winograd23-f32";
export { f32_conv_2x16__simd_winograd43 } from "../generated/winograd43-f32";
export { w8a8_conv_2x16__simd_winograd23 } from "../generated/winograd23-i16";
export { w8a8_conv_2x16__simd_winograd43 } from "../generated/winograd43-i16";
export { w8a8_dense_1x16__simd } from "../int8/dense";
export * from "../generated/packed-dot-conv";
export * from "../depthwise/packed";
export { w4a8_dense_1x16__simd_nibbles } from "../dense-low-bit/nibbles";
export * from "../generated/dense-tables-simd";
export { f32_activation_1x4__simd, u8_activation_1x8__simd } from "../pool-add/activation";
export { f32_concat_1x4__simd, u8_concat_1x16__simd } from "../pool-add/concat";
export { f32_add_1x4__simd, u8_add_1x16__simd } from "../pool-add/add";
export {
  f32_averagepool_1x4__simd,
  f32_globalaveragepool_1x4__simd,
  f32_maxpool_1x4__simd,
} from "../pool-add/f32-pool";
export { u8_averagepool_1x16__simd, u8_globalaveragepool_1x16__simd, u8_maxpool_1x16__simd } from "../pool-add/u8-pool";
export { f32_subsample_1x4__simd, u8_subsample_1x16__simd } from "../pool-add/subsample";
export * from "../generated/tables-simd";
export * from "../generated/bit-serial";
export { referenceLoop } from "../reference/loop";

export function heapBase(): usize {
  return __heap_base;
}
