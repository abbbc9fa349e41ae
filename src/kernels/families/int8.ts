import { type TileDescription, tiledVariant } from '../convolution.ts';

/** K · 255 · 127 ≤ 2³¹ − 1: see assembly/int8/conv.ts. */
const LARGEST_INNER_SIZE = Math.floor((2 ** 31 - 1) / (255 * 127));

/** Convolution: i16 weights, k-pairs of one channel side by side. */
const packPairs: TileDescription['packPanel'] = (target, weightAt, rows, steps) => {
  for (let i = 0; i < rows * steps; i++) {
    const ky = Math.floor(i / steps);
    const k = (i % steps) * 2;
    for (let c = 0; c < 16; c++) {
      target.setInt16(i * 64 + c * 4, weightAt(c, ky, k), true);
      target.setInt16(i * 64 + c * 4 + 2, weightAt(c, ky, k + 1), true);
    }
  }
};

/** Dense: i8 weights in groups of 4 channels, 8 k of each channel side by side. */
const packGroups: TileDescription['packPanel'] = (target, weightAt, _rows, steps) => {
  for (let c = 0; c < 16; c++) {
    const group = Math.floor(c / 4) * steps * 32;
    for (let k = 0; k < steps * 8; k++) {
      target.setInt8(group + Math.floor(k / 8) * 32 + (c % 4) * 8 + (k % 8), weightAt(c, 0, k));
    }
  }
};

/** w8a8 kernels (assembly/int8). */
export const INT8_VARIANTS = [
  tiledVariant({
    id: 'w8a8_conv_2x16__simd',
    step: 2,
    stepBytes: 64,
    element: 'i16',
    largestInnerSize: LARGEST_INNER_SIZE,
    packPanel: packPairs,
  }),
  tiledVariant({
    id: 'w8a8_dense_1x16__simd',
    step: 8,
    stepBytes: 128,
    element: 'i16',
    largestInnerSize: LARGEST_INNER_SIZE,
    packPanel: packGroups,
  }),
];
