import type { Workload } from '../network/workload.ts';
import type { FixedPoint } from './fixed-point.ts';
import type { Scheme } from './scheme.ts';

/** How a tensor's bytes are read: real = scale · (q − zeroPoint), one unsigned byte an element whatever `bits` is. */
export type TensorFormat = { type: 'f32' } | QuantizedFormat;

export interface QuantizedFormat {
  type: 'u8';
  scale: number;
  zeroPoint: number;
  /** Values lie in [0, 2^bits − 1]. */
  bits: number;
}

/**
 * Brings an 8-bit shared tensor to a consumer's narrower input while packing:
 * q = clamp((((q8 − z8)·multiplier + 2^(shift−1)) >> shift) + zeroPoint, 0, 2^bits − 1),
 * with 255·multiplier + 2^(shift−1) ≤ 32767 so that 16-bit lanes suffice.
 */
export interface Rescale {
  multiplier: number;
  shift: number;
  zeroPoint: number;
  bits: number;
}

/**
 * One layer with every number that its kernel needs: what `quantize` produces and what the reference kernels and the
 * WebAssembly kernels both execute, bit for bit alike. Arithmetic by scheme (fround = rounding to f32 after each
 * operation, rne = round half to even, x = the layer's input as integers with its zero point taken off):
 *
 * - wXaY, output u8:  q = clamp(rne(f32(acc)·multiplier[c]  (+ f32(r − zr)·residualMultiplier)) + z, clampLow, clampHigh)
 * - wXaY, output f32: y = clamp(f32(acc)·multiplier[c]  (+ f32(r − zr)·residualMultiplier), clampLow, clampHigh)
 *   where acc = bias[c] + Σ x·w in int32. x = q − zeroPoint; after `rescale` where that is set.
 * - f32: acc starts at bias[c]; acc = fround(acc + fround(x·w)) in the order ky, kx, channel (padding contributes x = 0);
 *   then fround(acc + r); a u8 input or residual is first read as fround(f32(q − z)·f32(scale)).
 *   Output f32: clamp(v, clampLow, clampHigh). Output u8: clamp(rne(v·outputMultiplier) + z, clampLow, clampHigh).
 * - u8 pools: sum over the window's valid positions of (q − zin); clamp(rne(f32(sum)·fround(multiplier[0] / f32(count))) + z);
 *   maximum: clamp(rne(f32(max)·multiplier[0]) + z). The global average is the average over the whole plane.
 * - u8 add: clamp(rne(f32(a − za)·multiplier[0] + f32(r − zr)·residualMultiplier) + z, …): two products, one sum.
 * - u8 subsample: clamp(rne(f32(q − zin)·multiplier[0]) + z, …); added channels hold z.
 * - u8 concat: clamp(rne(f32(a − za)·multiplier[0]) + z) for the first operand's channels, with residualMultiplier for the second's.
 * - activation: f32 as in reference/activation; u8: table[q], which is the same for each of the 256 inputs.
 * - f32 pools: sum in window order from 0, then fround(sum / f32(count)). f32 add: fround(a + r) then clamp. A u8 input is read as above.
 * - softmax (f32 only): see reference/softmax.
 */
export interface LayerArithmetic {
  name: string;
  workload: Workload;
  scheme: Scheme;
  input: TensorFormat;
  /** The residual of a conv2d, or the second operand of an add or concat. */
  residual?: TensorFormat;
  output: TensorFormat;
  /** Integers within the scheme's weight range, or f32; conv2d: [out][kh][kw][in], dense: [out][in]. */
  weights?: Int8Array | Float32Array;
  /** int32 in units of the accumulator for wXaY, real for f32; length outChannels. */
  bias?: Int32Array | Float32Array;
  /** wXaY: one per output channel; u8 ops: one. */
  multiplier?: Float32Array;
  residualMultiplier?: number;
  /**
   * Where an imported model is to be rounded as TFLite's own kernels do it: for layers with weights one multiplier a channel;
   * for an add those of its operands and of their sum; for an averagePool none, its halves go away from zero. It takes the
   * place of `multiplier` and `residualMultiplier`; see reference/fixed-point.
   */
  fixedPoint?: FixedPoint;
  /** f32 layers that write u8: f32(1 / output scale). */
  outputMultiplier?: number;
  /** u8 activations: the output of each of the 256 inputs. */
  table?: Uint8Array;
  /** Present where the input is `shared` and the scheme reads fewer than 8 bits. */
  rescale?: Rescale;
  /** For u8 output integers within [0, 2^bits − 1]; for f32 output reals, −Infinity and Infinity where there is no clamp. */
  clampLow: number;
  clampHigh: number;
}
