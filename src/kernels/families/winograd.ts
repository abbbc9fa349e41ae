import { winogradVariant } from '../winograd.ts';

/**
 * Winograd kernels (scripts/kernels/winograd.mjs). The error bounds of the f32 forms are twice the greatest error found on
 * 500 random layers of 8 to 512 channels and 1 to 196 pixels, with uniform, normal, positive and sparse inputs: 3.3e-6 and
 * 2.9e-5. The error is that of sums of greatly differing terms, so it grows where a layer's few outputs all come out small.
 */
const BOUND_23 = 7e-6;
const BOUND_43 = 6e-5;

export const WINOGRAD_VARIANTS = [
  winogradVariant({ id: 'f32_conv_2x16__simd_winograd23', m: 2, errorBound: BOUND_23 }),
  winogradVariant({ id: 'f32_conv_2x16__simd_winograd43', m: 4, errorBound: BOUND_43 }),
  winogradVariant({ id: 'f32_conv_2x16__relaxed_winograd23', m: 2, errorBound: BOUND_23 }),
  winogradVariant({ id: 'f32_conv_2x16__relaxed_winograd43', m: 4, errorBound: BOUND_43 }),
  winogradVariant({ id: 'w8a8_conv_2x16__simd_winograd23', m: 2 }),
  winogradVariant({ id: 'w8a8_conv_2x16__simd_winograd43', m: 4 }),
];
