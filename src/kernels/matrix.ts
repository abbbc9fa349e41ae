import type { Workload } from '../network/workload.ts';
import type { Scheme } from '../quant/scheme.ts';
import { type VariantLimits, variantsFor } from './registry.ts';
import type { KernelVariant } from './types.ts';

/** Weight and activation bits that kernels are there for. */
export const WEIGHT_BITS = [1, 2, 3, 4, 8] as const;
export const ACTIVATION_BITS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/** What serves a scheme on one kind of layer. */
export interface MatrixCell {
  scheme: Scheme;
  /** Kind of layer, such as `3x3` or `depthwise`. */
  work: string;
  /** `ok`: variants of its own; `alias`: wider ones alone; `disabled`: its own failed their self-test; `unsupported`: none. */
  status: 'ok' | 'alias' | 'disabled' | 'unsupported';
  /** Ids of the usable variants of the narrowest scheme that serves it; which of them is fastest a race on the device tells. */
  variants: string[];
  /** For an alias the scheme whose variants run; where something is disabled, what and why. */
  why?: string;
}

const CONVOLUTION: Workload = {
  ...{ op: 'conv2d', batch: 1, height: 16, width: 16, inChannels: 64, outChannels: 64 },
  ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 },
  ...{ activation: 'relu', residual: false, input: 'u8', output: 'u8' },
};
const POINT = { kernel: [1, 1], padding: [0, 0, 0, 0] } as const;

/** A layer of each kind; sizes are those of ordinary networks. */
const WORKS: Record<string, Workload> = {
  '3x3': CONVOLUTION,
  '3x3 /2': { ...CONVOLUTION, stride: [2, 2] },
  '1x1': { ...CONVOLUTION, ...POINT },
  depthwise: { ...CONVOLUTION, groups: 64 },
  'depthwise /2': { ...CONVOLUTION, groups: 64, stride: [2, 2] },
  grouped: { ...CONVOLUTION, groups: 4 },
  dense: { ...CONVOLUTION, ...POINT, op: 'dense', height: 1, width: 1 },
};

/** The kinds of layers that the matrix has a column for. */
export const MATRIX_WORKS: readonly string[] = Object.keys(WORKS);

/**
 * Which variants serve each scheme on each kind of layer with weights.
 *
 * @param reasons why variants are disabled on this device, by id.
 */
export function kernelMatrix(limits: VariantLimits, reasons: ReadonlyMap<string, string>): MatrixCell[] {
  const integer = WEIGHT_BITS.flatMap((w) => ACTIVATION_BITS.map((a): Scheme => `w${w}a${a}`));
  const schemes: Scheme[] = ['f32', ...integer.reverse()];
  return schemes.flatMap((scheme) => MATRIX_WORKS.map((work) => cell(scheme, work, limits, reasons)));
}

function cell(scheme: Scheme, work: string, limits: VariantLimits, reasons: ReadonlyMap<string, string>): MatrixCell {
  const workload = WORKS[work];
  const usable = variantsFor(workload, scheme, { ...limits, approximate: true });
  const all = variantsFor(workload, scheme, { isas: limits.isas, approximate: true });
  const isOwn = (variant: KernelVariant) => variant.scheme === scheme;
  const refused = all.filter((variant) => isOwn(variant) && reasons.has(variant.id));
  const why = refused.map(({ id }) => `${id}: ${reasons.get(id)}`).join('; ');
  if (usable.length === 0) return { scheme, work, status: 'unsupported', variants: [], ...(why && { why }) };
  const narrowest = usable[0].scheme;
  const variants = usable.filter((variant) => variant.scheme === narrowest).map(({ id }) => id);
  if (narrowest === scheme) return { scheme, work, status: 'ok', variants, ...(why && { why }) };
  if (why) return { scheme, work, status: 'disabled', variants, why };
  return { scheme, work, status: 'alias', variants, why: narrowest };
}
