import { Parameters } from "../inline/parameters";
import { product4x8 } from "../generated/f32-winograd";
import { winograd } from "./f32-driver";

@final
class Product4x8 {
  @inline rows(): u32 { return 4; }

  @inline
  multiply(source: usize, weights: usize, target: usize, inner: u32, panels: u32, count: u32): usize {
    return product4x8(source, weights, target, inner, panels, count);
  }
}

export function f32_conv_4x8__simd_winograd23(block: Parameters): void {
  winograd<Product4x8>(block, 2);
}

export function f32_conv_4x8__simd_winograd43(block: Parameters): void {
  winograd<Product4x8>(block, 4);
}
