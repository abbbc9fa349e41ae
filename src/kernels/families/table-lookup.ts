import { laneVariant } from '../lane-sums.ts';

/** A table of 16 bytes stands for four channels; an index bit of 1 for +1. */
function tables(id: string) {
  return laneVariant({ id, groupChannels: 4, groupBytes: 16, plusBit: 1 });
}

/** Kernels for one- and two-bit weights (assembly/table-lookup). */
export const TABLE_LOOKUP_VARIANTS = [
  tables('w1a1_conv_4x32__relaxed_tables'),
  tables('w1a1_conv_8x16__relaxed_tables'),
  tables('w1a2_conv_4x32__relaxed_tables'),
  tables('w1a2_conv_8x16__relaxed_tables'),
  tables('w1a4_conv_4x32__relaxed_tables'),
  tables('w1a4_conv_8x16__relaxed_tables'),
  tables('w2a2_conv_4x16__relaxed_tables'),
  tables('w1a1_conv_4x32__simd_tables'),
  tables('w1a1_conv_8x16__simd_tables'),
  tables('w1a2_conv_4x32__simd_tables'),
  tables('w1a2_conv_8x16__simd_tables'),
  tables('w1a4_conv_4x32__simd_tables'),
  tables('w1a4_conv_8x16__simd_tables'),
  tables('w2a2_conv_4x16__simd_tables'),
];
