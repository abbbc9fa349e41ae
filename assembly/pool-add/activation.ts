import { Activation, Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";
import { loadReals4, storeReals } from "../inline/elements";

/**
 * Any function of one u8: q = table[q], the table of 256 bytes being the layer's constants. Eight elements a step through
 * one word each way; the last ones alone.
 */
export function u8_activation_1x8__simd(block: Parameters): void {
  const table = block.constants;
  const count = block.height * block.width * block.inChannels;
  let source = block.input;
  let target = block.output;
  const whole = source + (count & ~7);
  for (; source < whole; source += 8) {
    const q = load<u64>(source);
    let result = <u64>load<u8>(table + <usize>(q & 255));
    result |= <u64>load<u8>(table + <usize>((q >> 8) & 255)) << 8;
    result |= <u64>load<u8>(table + <usize>((q >> 16) & 255)) << 16;
    result |= <u64>load<u8>(table + <usize>((q >> 24) & 255)) << 24;
    result |= <u64>load<u8>(table + <usize>((q >> 32) & 255)) << 32;
    result |= <u64>load<u8>(table + <usize>((q >> 40) & 255)) << 40;
    result |= <u64>load<u8>(table + <usize>((q >> 48) & 255)) << 48;
    result |= <u64>load<u8>(table + <usize>(q >> 56)) << 56;
    store<u64>(target, result);
    target += 8;
  }
  const end = source + (count & 7);
  for (; source < end; source++) {
    store<u8>(target, load<u8>(table + load<u8>(source)));
    target++;
  }
}

/** ReLU, ReLU6, hard-swish and sigmoid of reals, u8 or f32, 4 elements a step; then the clamp, or quantizing to u8. */
export function f32_activation_1x4__simd(block: Parameters): void {
  const count = block.height * block.width * block.inChannels;
  const activation = block.activation;
  const type = block.inputType;
  const zero = i32x4.splat(block.inputZeroPoint);
  const scale = f32x4.splat(block.inputScale);
  const scratch = block.scratch;
  const width = block.outputType ? 4 : 1;
  for (let i: u32 = 0; i < count; i += 4) {
    let from = block.input + (i << (type << 1));
    const left = min<u32>(count - i, 4);
    if (left < 4) {
      v128.store(scratch, zero); // lanes past the end hold small numbers
      copyTail(scratch, from, left << (type << 1));
      from = scratch;
    }
    let v = loadReals4(from, type, zero, scale);
    if (activation == Activation.HARD_SWISH) v = hardSwish(v);
    else if (activation == Activation.SIGMOID) v = sigmoid(v);
    v128.store(scratch + 192, v);
    storeReals(block, block.output + i * width, scratch + 192, left);
  }
}

/** (x * clamp(x + 3, 0, 6)) * f32(1 / 6). */
@inline
function hardSwish(x: v128): v128 {
  const gate = f32x4.pmin(f32x4.pmax(f32x4.add(x, f32x4.splat(3)), f32x4.splat(0)), f32x4.splat(6));
  return f32x4.mul(f32x4.mul(x, gate), f32x4.splat(<f32>(1.0 / 6.0)));
}

/** With e = exponential(-|x|): 1 / (1 + e) for x >= 0, else e / (1 + e). */
@inline
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = exponential(f32x4.neg(f32x4.abs(x)));
  const negative = f32x4.lt(x, f32x4.splat(0));
  return f32x4.div(v128.bitselect(e, one, negative), f32x4.add(one, e));
}

/** exp(x) for x <= 0: the operations of `exponential` in assembly/f32/softmax.ts, in the same order, on four lanes. */
@inline
function exponential(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  const r = f32x4.sub(
    f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))),
    f32x4.mul(n, f32x4.splat(-2.12194440e-4)),
  );
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  const y = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(y, power);
}
