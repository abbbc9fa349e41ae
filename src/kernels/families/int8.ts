import { outputSize } from '../../network/workload.ts';
import { type TileDescription, tiledVariant } from '../convolution.ts';
import { spread } from '../dense-equivalent.ts';
import type { KernelVariant } from '../types.ts';

/** K · 255 · 127 ≤ 2³¹ − 1: see scripts/kernels/direct-tiles.mjs. */
const LARGEST_INNER_SIZE = Math.floor((2 ** 31 - 1) / (255 * 127));

/** i16 weights, k-pairs of one channel side by side. */
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

/** i16 weights, one k of all channels side by side. */
const packSingles: TileDescription['packPanel'] = (target, weightAt, rows, steps) => {
  for (let i = 0; i < rows * steps; i++) {
    for (let c = 0; c < 16; c++) {
      target.setInt16(i * 32 + c * 2, weightAt(c, Math.floor(i / steps), i % steps), true);
    }
  }
};

/** i8 weights, four k of one channel side by side. */
const packQuads: TileDescription['packPanel'] = (target, weightAt, rows, steps) => {
  for (let i = 0; i < rows * steps; i++) {
    const [ky, k] = [Math.floor(i / steps), (i % steps) * 4];
    for (let at = 0; at < 64; at++) target.setInt8(i * 64 + at, weightAt(at >> 2, ky, k + (at & 3)));
  }
};

/** The same of w + 64, and zeros past the end of a run. */
const packSevenBits: TileDescription['packPanel'] = (target, weightAt, rows, steps, run) => {
  packQuads(target, (c, ky, k) => (k < run ? weightAt(c, ky, k) + 64 : 0), rows, steps, run);
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

const largestInnerSize = LARGEST_INNER_SIZE;
const pairs = { step: 2, stepBytes: 64, element: 'i16', largestInnerSize, packPanel: packPairs } as const;
const singles = { step: 1, stepBytes: 32, element: 'i16', largestInnerSize, packPanel: packSingles } as const;
const quads = { step: 4, stepBytes: 64, element: 'u8', centre: 0, largestInnerSize, packPanel: packQuads } as const;
const sevenBits = { ...quads, centre: 128, packPanel: packSevenBits } as const;
const groups = { step: 8, stepBytes: 128, element: 'i16', largestInnerSize, packPanel: packGroups } as const;

/** Sums of a strip of pixels, and four words before the packed input: assembly/inline/convolve-strips.ts. */
const STRIP_BYTES = 1024 + 16;

/** A tile that is finished in strips. */
function inStrips(tile: TileDescription): KernelVariant {
  const variant = tiledVariant(tile);
  return { ...variant, scratchBytes: (w) => variant.scratchBytes(w) + STRIP_BYTES };
}

/** With the sums and corrections behind the packed image, and what is read past it: assembly/relaxed-dot/corrections.ts. */
function corrected(variant: KernelVariant): KernelVariant {
  return {
    ...variant,
    scratchBytes(w) {
      const [outHeight, outWidth] = outputSize(w);
      const width = w.width + w.padding[1] + w.padding[3];
      const pixels = width * (w.height + w.padding[0] + w.padding[2]);
      return variant.scratchBytes(w) + (pixels + width + outHeight * outWidth + 32) * 4 + ((3 * w.inChannels) & ~15);
    },
  };
}

/** Direct kernels of 7- and 8-bit weights (scripts/kernels/direct-tiles.mjs, assembly/int8). */
export const INT8_VARIANTS = [
  inStrips({ id: 'w8a8_conv_2x16__simd', ...pairs }),
  inStrips({ id: 'w8a8_conv_1x16__simd', ...pairs }),
  inStrips({ id: 'w8a8_conv_2x16__simd_extmul', ...singles }),
  tiledVariant({ id: 'w8a8_dense_1x16__simd', ...groups }),
  inStrips({ id: 'w8a7_conv_2x16__relaxed_dot', ...quads }),
  inStrips({ id: 'w8a7_conv_3x16__relaxed_dot', ...quads }),
  inStrips({ id: 'w8a7_dense_1x16__relaxed_dot', ...quads }),
  corrected(inStrips({ id: 'w7a8_conv_2x16__relaxed_dot', ...sevenBits })),
  corrected(inStrips({ id: 'w7a8_conv_3x16__relaxed_dot', ...sevenBits })),
  corrected(inStrips({ id: 'w7a8_dense_1x16__relaxed_dot', ...sevenBits })),
].map(spread);
