import { Parameters } from "../inline/parameters";
import { product6x8Fused } from "../generated/f32-winograd-fused";
import { winograd } from "./f32-driver";

/** Products with multiplication and addition fused, which leaves registers for six tiles. */
@final
class Product6x8 {
  @inline rows(): u32 { return 6; }

  @inline
  multiply(source: usize, weights: usize, target: usize, inner: u32, panels: u32, count: u32): usize {
    return product6x8Fused(source, weights, target, inner, panels, count);
  }
}

export function f32_conv_6x8__relaxed_winograd23(block: Parameters): void {
  winograd<Product6x8>(block, 2);
}

export function f32_conv_6x8__relaxed_winograd43(block: Parameters): void {
  winograd<Product6x8>(block, 4);
}
