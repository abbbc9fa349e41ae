import { schemeBits } from '../../quant/scheme.ts';
import { laneVariant } from '../lane-sums.ts';
import { parseVariantId } from '../variant-id.ts';

/** A byte for each activation bit stands for eight channels; the bits of signs are inverted, see assembly/bit-serial. */
function bitSerial(id: string) {
  const { activationBits } = schemeBits(parseVariantId(id).scheme);
  return laneVariant({ id, groupChannels: 8, groupBytes: activationBits, plusBit: 0 });
}

/** Kernels that count bits: for processors that have an instruction for it, such as those of Arm. */
export const BIT_SERIAL_VARIANTS = [
  bitSerial('w1a1_conv_4x32__simd_bitserial'),
  bitSerial('w1a1_conv_8x16__simd_bitserial'),
  bitSerial('w1a2_conv_4x16__simd_bitserial'),
  bitSerial('w2a2_conv_2x16__simd_bitserial'),
];
