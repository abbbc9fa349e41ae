import { BitbudgetError } from '../core/errors.ts';
import type { WorkloadOp } from '../network/workload.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';
import type { Isa } from './types.ts';

/** What a variant's id says: `<scheme>_<op>_<tile>__<isa>[_<trick>]`. */
export interface VariantId {
  scheme: Scheme;
  op: WorkloadOp;
  /** Output pixels × channels (or elements) that one pass of the innermost loop computes. */
  tile: readonly [pixels: number, channels: number];
  isa: Isa;
  trick?: string;
}

/** The word for an op within an id, which is an identifier in lower case. */
const OP_WORDS: Record<WorkloadOp, string> = {
  conv2d: 'conv',
  dense: 'dense',
  averagePool: 'averagepool',
  maxPool: 'maxpool',
  globalAveragePool: 'globalaveragepool',
  add: 'add',
  concat: 'concat',
  activation: 'activation',
  subsample: 'subsample',
  softmax: 'softmax',
};

/**
 * @throws {BitbudgetError} `input` for a text that is no variant id.
 * @example parseVariantId('w4a4_conv_4x16__simd_packeddot') // => { scheme: 'w4a4', op: 'conv2d', tile: [4, 16], isa: 'simd', trick: 'packeddot' }
 */
export function parseVariantId(id: string): VariantId {
  const match = /^(w\da\d|f32|u8)_([a-z0-9]+)_(\d+)x(\d+)__(simd|relaxed)(?:_([a-z0-9]+))?$/.exec(id);
  const op = (Object.keys(OP_WORDS) as WorkloadOp[]).find((name) => OP_WORDS[name] === match?.[2]);
  if (!match || !op) {
    throw new BitbudgetError(
      'input',
      `"${id}" is not the name of a kernel variant.`,
      'Names look like w4a4_conv_4x16__simd_packeddot: scheme, op, tile, instruction set, trick.',
    );
  }
  schemeBits(match[1]);
  return {
    scheme: match[1] as Scheme,
    op,
    tile: [Number(match[3]), Number(match[4])],
    isa: match[5] as Isa,
    ...(match[6] === undefined ? {} : { trick: match[6] }),
  };
}

/**
 * The id of the parts; the inverse of {@link parseVariantId}.
 *
 * @example formatVariantId({ scheme: 'u8', op: 'maxPool', tile: [1, 16], isa: 'simd' }) // => 'u8_maxpool_1x16__simd'
 */
export function formatVariantId(parts: VariantId): string {
  const trick = parts.trick === undefined ? '' : `_${parts.trick}`;
  return `${parts.scheme}_${OP_WORDS[parts.op]}_${parts.tile.join('x')}__${parts.isa}${trick}`;
}
