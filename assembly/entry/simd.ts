/** Everything that simd.wasm exports: one function a kernel variant, named by its id, and where the free memory begins. */
export {
  f32_conv_1x32__simd,
  f32_conv_2x16__simd,
  f32_conv_3x12__simd,
  f32_conv_4x8__simd,
  f32_dense_1x16__simd,
  f32_dense_1x32__simd,
} from "../generated/f32-tiles";
export { f32_conv_4x4__simd_depthwise3x3s1, f32_conv_4x4__simd_depthwise3x3s2 } from "../depthwise/f32";
export { f32_conv_4x4__simd_depthwise } from "../depthwise/f32-general";
export { f32_conv_4x8__simd_grouped } from "../f32/grouped";
export { f32_conv_4x8__simd_winograd23, f32_conv_4x8__simd_winograd43 } from "../winograd/f32";
export { f32_softmax_1x1__simd } from "../f32/softmax";
export { w8a8_conv_2x16__simd } from "../int8/conv";
export { w8a8_dense_1x16__simd } from "../int8/dense";
export { w4a4_conv_4x16__simd_packeddot, w2a2_conv_4x16__simd_packeddot } from "../packed-dot/conv";
export { f32_add_1x4__simd, u8_add_1x16__simd } from "../pool-add/add";
export {
  f32_averagepool_1x4__simd,
  f32_globalaveragepool_1x4__simd,
  f32_maxpool_1x4__simd,
} from "../pool-add/f32-pool";
export { u8_averagepool_1x16__simd, u8_globalaveragepool_1x16__simd, u8_maxpool_1x16__simd } from "../pool-add/u8-pool";
export { f32_subsample_1x4__simd, u8_subsample_1x16__simd } from "../pool-add/subsample";

export function heapBase(): usize {
  return __heap_base;
}
