import { assert } from '../../core/errors.ts';
import type { Workload } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { hasPlainGeometry, scratchFor, windowsTouchImage } from '../geometry.ts';
import { integerMultipliers, realScales, sharedParameters } from '../parameter-values.ts';
import { type ParameterValues, writeParameterBlock } from '../parameters.ts';
import type { KernelVariant } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';

interface PlainDescription {
  id: string;
  /** What the op demands of a workload beyond types and a plain geometry. */
  accepts(w: Workload): boolean;
  /** f32 elements that the kernel keeps in the scratch after the stage. */
  scratchElements?(w: Workload): number;
  /** Fields that differ from what the workload says. */
  parameters?(layer: LayerArithmetic): ParameterValues;
  /** A table that the kernel reads as its constants. */
  table?: { bytes: number; of(layer: LayerArithmetic): Uint8Array };
}

/** Makes the variant of an op without weights; an `f32` one reads u8 or f32, a `u8` one reads and writes u8. */
function plainVariant(description: PlainDescription): KernelVariant {
  const { id, accepts, scratchElements, parameters, table } = description;
  const { scheme, op, isa } = parseVariantId(id);
  const real = scheme === 'f32';
  return {
    id,
    op,
    scheme,
    isa,
    supports: (w) =>
      w.op === op && hasPlainGeometry(w) && (real || (w.input !== 'f32' && w.output === 'u8')) && accepts(w),
    scratchBytes: (w) => scratchFor((scratchElements?.(w) ?? 0) * 4),
    packedBytes: () => 0,
    packWeights: () => new Uint8Array(0),
    packConstants: (layer) => table?.of(layer) ?? new Uint8Array(0),
    constantsBytes: () => table?.bytes ?? 0,
    writeParameters: (memory, address, layer, addresses) =>
      writeParameterBlock(memory, address, {
        ...sharedParameters(layer, addresses),
        ...(real ? realScales(layer) : integerMultipliers(layer)),
        ...parameters?.(layer),
      }),
  };
}

const sameChannels = (w: Workload) => w.inChannels === w.outChannels;
const pools = (w: Workload) => sameChannels(w) && windowsTouchImage(w);
/** A u8 input is first read as reals, as a whole. */
const wholeInput = (w: Workload) => (w.input === 'f32' ? 0 : w.height * w.width * w.inChannels);

/** The workload of a global pool has kernel 1 × 1; its window is the plane. */
const wholePlane = ({ workload: w }: LayerArithmetic): ParameterValues => ({
  kernelHeight: w.height,
  kernelWidth: w.width,
  strideHeight: 1,
  strideWidth: 1,
  outHeight: 1,
  outWidth: 1,
});

/** Channels before are `padding[3]`: they are no padding of the image. */
const subsampled = ({ workload: w }: LayerArithmetic): ParameterValues => ({
  outHeight: Math.floor((w.height - 1) / w.stride[0]) + 1,
  outWidth: Math.floor((w.width - 1) / w.stride[1]) + 1,
});

/** Numbers of `Activation` in assembly/inline/parameters.ts. */
const ACTIVATION_NUMBERS: Partial<Record<Workload['activation'], number>> = { hardSwish: 1, sigmoid: 2 };

function tableOf({ name, table }: LayerArithmetic): Uint8Array {
  assert(table, `the u8 activation ${name} has a table`);
  return table;
}

const isFunction = (w: Workload) => sameChannels(w) && w.activation !== 'none';

export const POOL_ADD_VARIANTS = [
  plainVariant({ id: 'u8_add_1x16__simd', accepts: sameChannels }),
  plainVariant({ id: 'u8_averagepool_1x16__simd', accepts: pools }),
  plainVariant({ id: 'u8_globalaveragepool_1x16__simd', accepts: sameChannels, parameters: wholePlane }),
  plainVariant({ id: 'u8_maxpool_1x16__simd', accepts: pools }),
  plainVariant({
    id: 'u8_subsample_1x16__simd',
    accepts: (w) => w.inChannels + w.padding[3] <= w.outChannels,
    parameters: subsampled,
  }),
  plainVariant({ id: 'u8_concat_1x16__simd', accepts: (w) => w.inChannels < w.outChannels }),
  plainVariant({ id: 'u8_activation_1x8__simd', accepts: isFunction, table: { bytes: 256, of: tableOf } }),
  plainVariant({ id: 'f32_add_1x4__simd', accepts: sameChannels }),
  plainVariant({
    id: 'f32_concat_1x4__simd',
    accepts: (w) => w.inChannels < w.outChannels,
    scratchElements: (w) => w.outChannels,
  }),
  plainVariant({
    id: 'f32_activation_1x4__simd',
    accepts: isFunction,
    parameters: ({ workload }) => ({ activation: ACTIVATION_NUMBERS[workload.activation] ?? 0 }),
  }),
  plainVariant({ id: 'f32_averagepool_1x4__simd', accepts: pools, scratchElements: wholeInput }),
  plainVariant({
    id: 'f32_globalaveragepool_1x4__simd',
    accepts: sameChannels,
    scratchElements: wholeInput,
    parameters: wholePlane,
  }),
  plainVariant({ id: 'f32_maxpool_1x4__simd', accepts: pools, scratchElements: wholeInput }),
  plainVariant({
    id: 'f32_subsample_1x4__simd',
    accepts: (w) => w.inChannels + w.padding[3] <= w.outChannels,
    scratchElements: (w) => w.outChannels,
    parameters: subsampled,
  }),
  plainVariant({
    id: 'f32_softmax_1x1__simd',
    accepts: (w) => sameChannels(w) && w.output === 'f32',
    scratchElements: (w) => w.inChannels,
  }),
];
