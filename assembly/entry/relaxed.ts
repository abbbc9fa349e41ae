/** Everything that relaxed.wasm exports: the variants that need relaxed SIMD, and where the free memory begins. */
export {
  f32_conv_3x16__relaxed,
  f32_conv_4x8__relaxed,
  f32_conv_6x8__relaxed,
  f32_dense_1x32__relaxed,
} from "../generated/f32-fused-tiles";
export { f32_conv_6x8__relaxed_winograd23, f32_conv_6x8__relaxed_winograd43 } from "../winograd/f32-fused";

export function heapBase(): usize {
  return __heap_base;
}
