import { activationMaximum, schemeBits } from '../../quant/scheme.ts';
import { type TileDescription, tiledVariant } from '../convolution.ts';
import type { KernelVariant } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';

/** 2 · ⌈K / 8⌉ · 256 · 15 · 128 ≤ 2³¹ − 1: see assembly/dense-low-bit/nibbles.ts. */
const LARGEST_NIBBLE_INNER_SIZE = 8 * Math.floor((2 ** 31 - 1) / (2 * 256 * 15 * 128));

/** K · 255 · 127 ≤ 2³¹ − 1: what int32 holds of any scheme. */
const LARGEST_INT32_INNER_SIZE = Math.floor((2 ** 31 - 1) / (255 * 127));

/** Groups of 4 channels: an i16 lane holds their weights + 8 at one k. */
const packNibbles: TileDescription['packPanel'] = (target, weightAt, _rows, steps) => {
  for (let c = 0; c < 16; c++) {
    const group = Math.floor(c / 4) * steps * 16;
    for (let k = 0; k < steps * 8; k++) {
      const at = group + k * 2 + ((c % 4) >> 1);
      target.setUint8(at, target.getUint8(at) | ((weightAt(c, 0, k) + 8) << (4 * (c % 2))));
    }
  }
};

/** 32 channels × 4 k a plane: assembly/dense-low-bit/tables.ts has the diagram. */
function packPlanes(planes: number): TileDescription['packPanel'] {
  // one bit: w = 2b − 1; two: w = b0 − 2·b1, which are the bits of its two's complement
  const bitOf = (weight: number, plane: number) => (planes === 1 ? Number(weight > 0) : (weight >> plane) & 1);
  return (target, weightAt, _rows, steps) => {
    for (let step = 0; step < steps; step++) {
      for (let plane = 0; plane < planes; plane++) {
        for (let channel = 0; channel < 32; channel++) {
          let index = 0;
          for (let j = 0; j < 4; j++) index |= bitOf(weightAt(channel, 0, step * 4 + j), plane) << j;
          const at = (step * planes + plane) * 16 + (channel % 16);
          target.setUint8(at, target.getUint8(at) | (index << (channel < 16 ? 0 : 4)));
        }
      }
    }
  };
}

function tables(id: string): KernelVariant {
  const { weightBits, activationBits } = schemeBits(parseVariantId(id).scheme);
  const halves = activationBits > 4 ? 2 : 1;
  const variant = tiledVariant({
    id,
    step: 4,
    stepBytes: 16 * weightBits,
    element: 'i16',
    centre: 0,
    // 16-bit lanes hold the sum of all activations, or of their halves
    largestInnerSize: Math.floor(65535 / activationMaximum(activationBits / halves)),
    packPanel: packPlanes(weightBits),
  });
  return {
    ...variant,
    scratchBytes: (w) => variant.scratchBytes(w) + Math.ceil(w.inChannels / 4) * 16 * halves,
  };
}

/** The relaxed form: 16 k of four channels a step, channels 0 and 2 in the lower nibbles. */
const packRelaxedNibbles: TileDescription['packPanel'] = (target, weightAt, _rows, steps) => {
  for (let c = 0; c < 16; c++) {
    const group = Math.floor(c / 4) * steps * 32 + ((c % 4) >> 1) * 16;
    for (let k = 0; k < steps * 16; k++) {
      const at = group + Math.floor(k / 16) * 32 + (k % 16);
      target.setUint8(at, target.getUint8(at) | ((weightAt(c, 0, k) + 8) << (4 * (c % 2))));
    }
  }
};

const TABLES = ['w1a2', 'w1a4', 'w1a8', 'w2a2', 'w2a4', 'w2a8'];

/** Dense layers whose packed weights are as small as their bits (assembly/dense-low-bit). */
export const DENSE_LOW_BIT_VARIANTS = [
  tiledVariant({
    id: 'w4a8_dense_1x16__simd_nibbles',
    step: 8,
    stepBytes: 64,
    element: 'i16',
    centre: 128,
    largestInnerSize: LARGEST_NIBBLE_INNER_SIZE,
    packPanel: packNibbles,
  }),
  tiledVariant({
    id: 'w4a8_dense_1x16__relaxed_nibbles',
    step: 16,
    stepBytes: 128,
    element: 'i16',
    centre: 128,
    largestInnerSize: LARGEST_INT32_INNER_SIZE,
    packPanel: packRelaxedNibbles,
  }),
  ...TABLES.map((scheme) => tables(`${scheme}_dense_1x32__simd_tables`)),
  ...TABLES.map((scheme) => tables(`${scheme}_dense_1x32__relaxed_tables`)),
];
