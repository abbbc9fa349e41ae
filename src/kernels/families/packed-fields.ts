import { activationMaximum, type Scheme, schemeBits, weightRange } from '../../quant/scheme.ts';

/** How two output channels share an i16 lane; assembly/packed-dot/fields.ts has the diagram. */
export interface PackedFields {
  /** Bits from the low field to the high one. */
  shift: number;
  /** What is taken off every activation. */
  centre: number;
  /** k-pairs after which the low field must be drained. */
  flushPairs: number;
  /** k-pairs that the high field holds. */
  highPairs: number;
  /** Whether the high field is drained too, since layers of {@link DEEPEST_INNER_SIZE} would not fit it. */
  deep: boolean;
}

/** Layers as deep as this should run: 3 × 3 of 512 channels. */
export const DEEPEST_INNER_SIZE = 4608;

/**
 * The greatest shift at which both ends of the weights' range fit an i16 lane twice, and how many pairs of the extreme
 * products each field then holds. Mirrored in scripts/kernels/packed-dot.mjs.
 *
 * @example packedFields('w4a4') // => { shift: 12, centre: 8, flushPairs: 18, highPairs: 4681, deep: false }
 */
export function packedFields(scheme: Scheme): PackedFields {
  const { weightBits, activationBits } = schemeBits(scheme);
  const { low, high } = weightRange(weightBits);
  let shift = 15;
  while (low * (2 ** shift + 1) < -(2 ** 15) || high * (2 ** shift + 1) > 2 ** 15 - 1) shift--;
  const half = 2 ** (activationBits - 1);
  // the greatest product is to be negative: a signed field holds one more there
  const centre = -low > high ? half - 1 : half;
  const { least, greatest } = productRange(scheme, centre);
  const pairs = (bits: number) =>
    Math.floor(Math.min(2 ** (bits - 1) / (-2 * least), (2 ** (bits - 1) - 1) / (2 * greatest)));
  const highPairs = pairs(32 - shift);
  return { shift, centre, flushPairs: pairs(shift), highPairs, deep: 2 * highPairs < DEEPEST_INNER_SIZE };
}

/** The least and the greatest product of a weight and a centred activation. */
export function productRange(scheme: Scheme, centre: number): { least: number; greatest: number } {
  const { weightBits, activationBits } = schemeBits(scheme);
  const { low, high } = weightRange(weightBits);
  const ends = [-centre, activationMaximum(activationBits) - centre];
  const products = ends.flatMap((x) => [x * low, x * high]);
  return { least: Math.min(...products), greatest: Math.max(...products) };
}
