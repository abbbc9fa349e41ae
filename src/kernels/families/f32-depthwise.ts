import type { Workload } from '../../network/workload.ts';
import { outputSize } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { STAGE_BYTES } from '../geometry.ts';
import { realScales, sharedParameters } from '../parameter-values.ts';
import { writeParameterBlock } from '../parameters.ts';
import type { KernelVariant } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';
import { FUSED_ERROR_BOUND } from './f32.ts';

/** Channels of a block: one vector. */
const LANES = 4;

/** Blocks of the channels; the last is shifted back to end at the last channel. */
const blocksOf = (w: Workload) => Math.ceil(w.outChannels / LANES);
const firstChannel = (n: number, channels: number) => Math.max(Math.min(n * LANES, channels - LANES), 0);

/** One filter a channel, one channel a filter. */
function isDepthwise(w: Workload): boolean {
  return w.op === 'conv2d' && w.batch === 1 && w.groups === w.inChannels && w.outChannels === w.inChannels;
}

/** Whether there is at least one output; windows may lie in the padding altogether. */
export function hasOutputs(w: Workload): boolean {
  return outputSize(w).every((size) => size >= 1) && w.outChannels >= 1;
}

function packBlocks(layer: LayerArithmetic): Uint8Array {
  const { workload: w, weights } = layer;
  const taps = w.kernel[0] * w.kernel[1];
  const packed = new Float32Array(blocksOf(w) * taps * LANES);
  for (let n = 0; n < blocksOf(w); n++) {
    for (let c = 0; c < Math.min(LANES, w.outChannels); c++) {
      const channel = firstChannel(n, w.outChannels) + c;
      for (let t = 0; t < taps; t++) packed[(n * taps + t) * LANES + c] = weights![channel * taps + t];
    }
  }
  return new Uint8Array(packed.buffer);
}

/** Bytes of `Window` in assembly/depthwise/f32-general.ts, before the biases. */
const HEADER_BYTES = 16;

function packConstants(layer: LayerArithmetic): Uint8Array {
  const { workload: w, bias } = layer;
  const header = Uint32Array.of(w.dilation[0], w.dilation[1], spanOf(w));
  const packed = new Float32Array(HEADER_BYTES / 4 + blocksOf(w) * LANES);
  new Uint8Array(packed.buffer).set(new Uint8Array(header.buffer));
  for (let n = 0; n < blocksOf(w); n++) {
    for (let c = 0; c < Math.min(LANES, w.outChannels); c++) {
      packed[HEADER_BYTES / 4 + n * LANES + c] = bias?.[firstChannel(n, w.outChannels) + c] ?? 0;
    }
  }
  return new Uint8Array(packed.buffer);
}

/** What all depthwise f32 kernels share: blocks of four channels (assembly/depthwise/f32*.ts). */
function depthwise(
  id: string,
  fits: (w: Workload) => boolean,
  scratchBytes: KernelVariant['scratchBytes'],
): KernelVariant {
  const { op, scheme, isa } = parseVariantId(id);
  return {
    id,
    op,
    scheme,
    isa,
    supports: (w) => isDepthwise(w) && hasOutputs(w) && fits(w),
    scratchBytes,
    packedBytes: (w) => blocksOf(w) * w.kernel[0] * w.kernel[1] * LANES * 4,
    packWeights: packBlocks,
    constantsBytes: (w) => HEADER_BYTES + blocksOf(w) * LANES * 4,
    packConstants,
    writeParameters(memory, address, layer, addresses) {
      writeParameterBlock(memory, address, { ...sharedParameters(layer, addresses), ...realScales(layer) });
    },
  };
}

/** Bytes of columns, masks and clamp in assembly/depthwise/f32-in-place.ts. */
const BORDER_BYTES = 192;

/** 3 × 3 kernels that read f32 input where it lies (scripts/kernels/f32-depthwise-in-place.mjs). */
function inPlace(id: string): KernelVariant {
  const [pixels] = parseVariantId(id).tile;
  const stride = Number(id.at(-1));
  const fits = (w: Workload) => is3x3(w, stride) && w.input === 'f32' && w.inChannels >= LANES;
  return depthwise(
    id,
    fits,
    (w) => STAGE_BYTES + BORDER_BYTES + Math.ceil((pixels * w.inChannels) / LANES) * LANES * 4,
  );
}

/** Input rows that a window spans. */
const spanOf = (w: Workload) => (w.kernel[0] - 1) * w.dilation[0] + 1;
const blockBytes = (w: Workload) => (w.width + w.padding[1] + w.padding[3]) * 16;
/** A row of accumulators and the vector that may overhang it. */
const accumulatorBytes = (w: Workload) => Math.ceil((outputSize(w)[1] * w.outChannels) / 4) * 16 + 16;

/** Stage, a row of zeros for one block, a ring of three rows, accumulators. */
function ringBytes(w: Workload): number {
  return STAGE_BYTES + (1 + 3 * blocksOf(w)) * blockBytes(w) + accumulatorBytes(w);
}

/** Stage, table of rows, a row of zeros, a ring of as many rows as a window spans, accumulators. */
function generalBytes(w: Workload): number {
  const table = Math.ceil(w.kernel[0] / 4) * 16;
  return STAGE_BYTES + table + (1 + spanOf(w)) * blocksOf(w) * blockBytes(w) + accumulatorBytes(w);
}

function is3x3(w: Workload, stride: number): boolean {
  return w.kernel.every((k) => k === 3) && w.stride.every((s) => s === stride) && w.dilation.every((d) => d === 1);
}

export const F32_DEPTHWISE_VARIANTS: readonly KernelVariant[] = [
  inPlace('f32_conv_4x4__simd_inplace3x3s1'),
  inPlace('f32_conv_2x4__simd_inplace3x3s2'),
  { ...inPlace('f32_conv_4x4__relaxed_inplace3x3s1'), errorBound: FUSED_ERROR_BOUND },
  { ...inPlace('f32_conv_2x4__relaxed_inplace3x3s2'), errorBound: FUSED_ERROR_BOUND },
  depthwise('f32_conv_4x4__simd_depthwise3x3s1', (w) => is3x3(w, 1), ringBytes),
  depthwise('f32_conv_4x4__simd_depthwise3x3s2', (w) => is3x3(w, 2), ringBytes),
  depthwise('f32_conv_4x4__simd_depthwise', (w) => !is3x3(w, 1) && !is3x3(w, 2), generalBytes),
];
