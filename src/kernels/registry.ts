import { BitbudgetError } from '../core/errors.ts';
import { type Workload, workloadKey } from '../network/workload.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';
import { BIT_SERIAL_VARIANTS } from './families/bit-serial.ts';
import { DENSE_LOW_BIT_VARIANTS } from './families/dense-low-bit.ts';
import { DEPTHWISE_VARIANTS } from './families/depthwise.ts';
import { F32_VARIANTS } from './families/f32.ts';
import { F32_DEPTHWISE_VARIANTS } from './families/f32-depthwise.ts';
import { F32_GROUPED_VARIANTS } from './families/f32-grouped.ts';
import { INT8_VARIANTS } from './families/int8.ts';
import { PACKED_DEPTHWISE_VARIANTS } from './families/packed-depthwise.ts';
import { PACKED_DOT_VARIANTS } from './families/packed-dot.ts';
import { POOL_ADD_VARIANTS } from './families/pool-add.ts';
import { TABLE_LOOKUP_VARIANTS } from './families/table-lookup.ts';
import { WINOGRAD_VARIANTS } from './families/winograd.ts';
import type { Isa, KernelVariant } from './types.ts';

/**
 * The single list of kernels: it drives the exactness tests, the self-test, the benchmarks and selection. Among variants of
 * one scheme the first that supports a workload is the default.
 *
 * A new variant is a function exported under its id from assembly/entry, and its description in a family of `families/`;
 * a new family is one folder in assembly/, one file there and one line here. Nothing else needs to know.
 */
export const KERNEL_VARIANTS: readonly KernelVariant[] = [
  ...F32_VARIANTS,
  ...F32_DEPTHWISE_VARIANTS,
  ...F32_GROUPED_VARIANTS,
  ...TABLE_LOOKUP_VARIANTS,
  ...PACKED_DOT_VARIANTS,
  ...PACKED_DEPTHWISE_VARIANTS,
  ...DENSE_LOW_BIT_VARIANTS,
  ...BIT_SERIAL_VARIANTS,
  ...INT8_VARIANTS,
  ...WINOGRAD_VARIANTS,
  ...DEPTHWISE_VARIANTS,
  ...POOL_ADD_VARIANTS,
];

const BY_ID = new Map(KERNEL_VARIANTS.map((variant) => [variant.id, variant]));

/** The variant of an id, or undefined where this version has none of that name. */
export function variantById(id: string): KernelVariant | undefined {
  return BY_ID.get(id);
}

const NUMBERS = new Map(KERNEL_VARIANTS.map((variant, number) => [variant.id, number]));

/** Position of a variant in the registry, by which threads name it to each other. */
export function variantNumber({ id }: Pick<KernelVariant, 'id'>): number {
  return NUMBERS.get(id)!;
}

/** Which variants may be chosen at all. */
export interface VariantLimits {
  /** Ids that failed their self-test on this device. */
  disabled?: ReadonlySet<string>;
  /** Instruction sets that the engine accepts; `simd` alone where absent. */
  isas?: readonly Isa[];
  /** Also f32 variants that state an error bound instead of giving the reference's bits. */
  approximate?: boolean;
}

/**
 * Every variant that computes a workload in a scheme, the narrowest first: those written for the scheme itself, then wider
 * integer ones, which serve as aliases. Some depend on the weights: see `condition`.
 */
export function variantsFor(workload: Workload, scheme: Scheme, limits: VariantLimits = {}): KernelVariant[] {
  const { disabled, isas = ['simd'], approximate = false } = limits;
  const fitting = KERNEL_VARIANTS.filter(
    (v) =>
      isas.includes(v.isa) &&
      !disabled?.has(v.id) &&
      (approximate || v.errorBound === undefined) &&
      computes(v, workload, scheme),
  );
  return fitting.sort((a, b) => width(a.scheme) - width(b.scheme));
}

/** Whether a variant can compute a workload in a scheme at all: a file may name any variant for any layer. */
export function computes(variant: KernelVariant, workload: Workload, scheme: Scheme): boolean {
  return contains(variant.scheme, scheme) && variant.supports(workload);
}

/**
 * The variant that runs a workload in a scheme, whatever its weights, unless a measurement says otherwise; `alias` where
 * it was written for a wider scheme, such as w4a4 for w2a4.
 *
 * @throws {BitbudgetError} `unsupported` where no variant can.
 */
export function resolveVariant(
  workload: Workload,
  scheme: Scheme,
  limits: VariantLimits = {},
): { variant: KernelVariant; alias: boolean } {
  const variant = variantsFor(workload, scheme, limits).find(
    ({ condition }) => condition?.always(workload, scheme) ?? true,
  );
  if (variant) return { variant, alias: variant.scheme !== scheme };
  throw new BitbudgetError(
    'unsupported',
    `No kernel runs ${workloadKey(workload)} in ${scheme}.`,
    '`doctor` names the kernels that failed their self-test on this device.',
  );
}

/** Whether every value of scheme `inner` is one of scheme `outer`; reals and weightless u8 only contain themselves. */
function contains(outer: Scheme, inner: Scheme): boolean {
  if (outer === inner) return true;
  if (!outer.startsWith('w') || !inner.startsWith('w')) return false;
  const wide = schemeBits(outer);
  const narrow = schemeBits(inner);
  return wide.weightBits >= narrow.weightBits && wide.activationBits >= narrow.activationBits;
}

/** Sum of the bits: the order in which containing schemes are tried. */
function width(scheme: Scheme): number {
  const { weightBits, activationBits } = schemeBits(scheme);
  return weightBits + activationBits;
}
