import { activationMaximum, schemeBits, weightRange } from '../../quant/scheme.ts';
import { tiledVariant } from '../convolution.ts';
import { parseVariantId } from '../variant-id.ts';

/**
 * Two output channels in one i16 lane, `shift` bits apart (assembly/packed-dot/conv.ts derives the bounds): channel c in
 * the low field, channel c + 8 in the high one, k-pairs side by side.
 */
function packedDot(id: string, shift: number) {
  const { weightBits, activationBits } = schemeBits(parseVariantId(id).scheme);
  const centre = (activationMaximum(activationBits) + 1) / 2;
  const largestPair = 2 * centre * Math.max(-weightRange(weightBits).low, weightRange(weightBits).high);
  return tiledVariant({
    id,
    step: 2,
    stepBytes: 32,
    element: 'i16',
    centre,
    largestInnerSize: 2 * Math.floor((2 ** (31 - shift) - 1) / largestPair),
    packPanel(target, weightAt, rows, steps) {
      for (let i = 0; i < rows * steps; i++) {
        const ky = Math.floor(i / steps);
        for (let lane = 0; lane < 16; lane++) {
          const channel = lane >> 1;
          const k = (i % steps) * 2 + (lane & 1);
          const packed = weightAt(channel + 8, ky, k) * 2 ** shift + weightAt(channel, ky, k);
          target.setInt16(i * 32 + lane * 2, packed, true);
        }
      }
    },
  });
}

export const PACKED_DOT_VARIANTS = [
  packedDot('w4a4_conv_4x16__simd_packeddot', 12),
  packedDot('w2a2_conv_4x16__simd_packeddot', 13),
];
