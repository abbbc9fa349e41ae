import { assert } from '../../core/errors.ts';
import { clamp, roundHalfEven } from '../../core/rounding.ts';
import type { LayerArithmetic, Rescale, TensorFormat } from '../arithmetic.ts';

export type Elements = Uint8Array | Float32Array;

const { fround } = Math;

/** A tensor's element as a real number: itself, or fround(f32(q − zeroPoint) · f32(scale)). */
export function readReal(tensor: Elements, index: number, format: TensorFormat): number {
  if (format.type === 'f32') return tensor[index];
  return fround((tensor[index] - format.zeroPoint) * fround(format.scale));
}

/** A u8 tensor's element with its zero point taken off. */
export function readInteger(tensor: Elements, index: number, format: TensorFormat): number {
  assert(format.type === 'u8', 'an integer kernel reads u8');
  return tensor[index] - format.zeroPoint;
}

/**
 * An 8-bit element of a shared tensor at the consumer's bits, zero point not yet taken off.
 *
 * @example rescaleElement(200, 0, { multiplier: 15, shift: 8, zeroPoint: 0, bits: 4 }) // => 12
 */
export function rescaleElement(q8: number, zeroPoint8: number, rescale: Rescale): number {
  const { multiplier, shift, zeroPoint, bits } = rescale;
  const half = shift > 0 ? 2 ** (shift - 1) : 0;
  const scaled = Math.floor(((q8 - zeroPoint8) * multiplier + half) / 2 ** shift);
  return clamp(scaled + zeroPoint, 0, 2 ** bits - 1);
}

/** The output zero point; 0 for f32. */
function outputZeroPoint(layer: LayerArithmetic): number {
  return layer.output.type === 'u8' ? layer.output.zeroPoint : 0;
}

/** An f32 value in units of the output: clamp(rne(v) + z) for u8, clamp(v) for f32. */
export function writeScaled(layer: LayerArithmetic, v: number): number {
  if (layer.output.type === 'f32') return clampReal(v, layer.clampLow, layer.clampHigh);
  return clamp(roundHalfEven(v) + outputZeroPoint(layer), layer.clampLow, layer.clampHigh);
}

/** The result of an f32 kernel: scaled to the output's units first where that is u8. */
export function writeReal(layer: LayerArithmetic, v: number): number {
  if (layer.output.type === 'f32') return clampReal(v, layer.clampLow, layer.clampHigh);
  assert(layer.outputMultiplier !== undefined, `layer ${layer.name} has an output multiplier`);
  return writeScaled(layer, fround(v * fround(layer.outputMultiplier)));
}

/** Clamped as the kernels do it: a value equal to a bound passes as it is, so −0 stays −0 above a bound of 0. */
function clampReal(v: number, low: number, high: number): number {
  const raised = greater(v, fround(low));
  if (fround(high) < raised) return fround(high);
  return raised;
}

/** The greater of two, the first where they are equal: unlike Math.max, −0 and 0 are. */
export function greater(a: number, b: number): number {
  if (a < b) return b;
  return a;
}

/** An empty output tensor of the layer's type. */
export function emptyOutput(layer: LayerArithmetic, elements: number): Elements {
  return layer.output.type === 'f32' ? new Float32Array(elements) : new Uint8Array(elements);
}
