import { type TileDescription, tiledVariant } from '../convolution.ts';
import { parseVariantId } from '../variant-id.ts';
import { packedFields } from './packed-fields.ts';

/** K · 255 · 127 ≤ 2³¹ − 1: what int32 holds of any scheme, for kernels that drain both fields. */
const LARGEST_INT32_INNER_SIZE = Math.floor((2 ** 31 - 1) / (255 * 127));

/**
 * Two output channels in one i16 lane (assembly/packed-dot/fields.ts): the channels of a panel's first half low, those of its
 * second half high, k-pairs side by side.
 */
function packedDot(id: string) {
  const {
    scheme,
    tile: [, columns],
  } = parseVariantId(id);
  const { shift, centre, highPairs, deep } = packedFields(scheme);
  const packPanel: TileDescription['packPanel'] = (target, weightAt, rows, steps) => {
    for (let i = 0; i < rows * steps; i++) {
      const ky = Math.floor(i / steps);
      for (let lane = 0; lane < columns; lane++) {
        const channel = lane >> 1;
        const k = (i % steps) * 2 + (lane & 1);
        const packed = weightAt(channel + columns / 2, ky, k) * 2 ** shift + weightAt(channel, ky, k);
        target.setInt16((i * columns + lane) * 2, packed, true);
      }
    }
  };
  return tiledVariant({
    id,
    step: 2,
    stepBytes: 2 * columns,
    element: 'i16',
    centre,
    largestInnerSize: deep ? LARGEST_INT32_INNER_SIZE : 2 * highPairs,
    packPanel,
  });
}

/**
 * Among equals of a scheme the tile of 4 pixels is the default; that of 2 serves layers with fewer, that of 8 channels those
 * whose channels are no multiple of 16.
 */
export const PACKED_DOT_VARIANTS = [
  'w4a4_conv_4x16__simd_packeddot',
  'w4a4_conv_2x16__simd_packeddot',
  'w4a4_conv_8x8__simd_packeddot',
  'w4a5_conv_4x16__simd_packeddot',
  'w3a4_conv_4x16__simd_packeddot',
  'w3a6_conv_4x16__simd_packeddot',
  'w2a2_conv_4x16__simd_packeddot',
  'w2a4_conv_4x16__simd_packeddot',
  'w2a4_conv_2x16__simd_packeddot',
  'w2a4_conv_8x8__simd_packeddot',
  'w2a8_conv_4x16__simd_packeddot',
  'w1a4_conv_4x16__simd_packeddot',
  'w1a8_conv_4x16__simd_packeddot',
].map(packedDot);
