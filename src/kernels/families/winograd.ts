import { winogradVariant } from '../winograd.ts';

/**
 * Winograd kernels (scripts/kernels/winograd.mjs). The error bounds of the f32 forms were found on layers of up to 4,608
 * products a sum, and doubled.
 */
export const WINOGRAD_VARIANTS = [
  winogradVariant({ id: 'f32_conv_2x16__simd_winograd23', m: 2, errorBound: 4e-6 }),
  winogradVariant({ id: 'f32_conv_2x16__simd_winograd43', m: 4, errorBound: 4e-5 }),
  winogradVariant({ id: 'f32_conv_2x16__relaxed_winograd23', m: 2, errorBound: 4e-6 }),
  winogradVariant({ id: 'f32_conv_2x16__relaxed_winograd43', m: 4, errorBound: 4e-5 }),
  winogradVariant({ id: 'w8a8_conv_2x16__simd_winograd23', m: 2 }),
  winogradVariant({ id: 'w8a8_conv_2x16__simd_winograd43', m: 4 }),
];
