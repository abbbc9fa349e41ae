import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { readReals } from "../pack/to-f32";

/**
 * Softmax over the channels of each pixel, in scalars: it stands once at a network's end, where order matters more than
 * speed. e[i] = exponential(v[i] - max), sum in order from 0, output e[i] / sum.
 */
export function f32_softmax_1x1__simd(block: Parameters): void {
  const channels = block.inChannels;
  const pixels = block.height * block.width;
  const pixelBytes = channels << (block.inputType << 1);
  const values = block.scratch + STAGE_BYTES;
  const end = values + (channels << 2);
  let target = block.output;
  for (let p: u32 = 0; p < pixels; p++) {
    const source = block.input + p * pixelBytes;
    readReals(values, source, channels, block.inputType, block.inputZeroPoint, block.inputScale, block.scratch);
    let largest = load<f32>(values);
    for (let at = values; at < end; at += 4) {
      const v = load<f32>(at);
      if (largest < v) largest = v;
    }
    let sum: f32 = 0;
    for (let at = values; at < end; at += 4) {
      const e = exponential(load<f32>(at) - largest);
      store<f32>(at, e);
      sum += e;
    }
    for (let at = values; at < end; at += 4) {
      store<f32>(target, load<f32>(at) / sum);
      target += 4;
    }
  }
}

/**
 * exp(x) for x <= 0: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 5 in r (Cephes expf, error below 2e-7),
 * times 2^n. Below -87, where the result would soon be denormal, exp(-87).
 * Same operations in the same order as src/quant/reference/softmax.ts.
 */
@inline
function exponential(x: f32): f32 {
  if (x < -87) x = -87;
  const n = nearest<f32>(x * <f32>1.44269504088896341);
  const r = x - n * <f32>0.693359375 - n * <f32>-2.12194440e-4;
  let p: f32 = 1.9875691500e-4;
  p = p * r + <f32>1.3981999507e-3;
  p = p * r + <f32>8.3334519073e-3;
  p = p * r + <f32>4.1665795894e-2;
  p = p * r + <f32>1.6666665459e-1;
  p = p * r + <f32>5.0000001201e-1;
  const y = p * (r * r) + r + <f32>1;
  return y * reinterpret<f32>((<i32>n + 127) << 23);
}
