import type { Workload } from '../../network/workload.ts';
import { outputSize } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { STAGE_BYTES } from '../geometry.ts';
import { realScales, sharedParameters } from '../parameter-values.ts';
import { writeParameterBlock } from '../parameters.ts';
import type { KernelVariant } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';

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

function packBias(layer: LayerArithmetic): Uint8Array {
  const { workload: w, bias } = layer;
  const packed = new Float32Array(blocksOf(w) * LANES);
  for (let n = 0; n < blocksOf(w); n++) {
    for (let c = 0; c < Math.min(LANES, w.outChannels); c++) {
      packed[n * LANES + c] = bias?.[firstChannel(n, w.outChannels) + c] ?? 0;
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
    constantsBytes: (w) => blocksOf(w) * LANES * 4,
    packConstants: packBias,
    writeParameters(memory, address, layer, addresses) {
      writeParameterBlock(memory, address, { ...sharedParameters(layer, addresses), ...realScales(layer) });
    },
  };
}

/** Stage, a row of zeros, a ring of three blocked rows, a row of accumulators and the vector that may overhang it. */
function ringBytes(w: Workload): number {
  const blockBytes = (w.width + w.padding[1] + w.padding[3]) * 16;
  const accumulators = outputSize(w)[1] * w.outChannels * 4;
  return STAGE_BYTES + (1 + 3 * blocksOf(w)) * blockBytes + Math.ceil(accumulators / 16) * 16 + 16;
}

function is3x3(w: Workload, stride: number): boolean {
  return w.kernel.every((k) => k === 3) && w.stride.every((s) => s === stride) && w.dilation.every((d) => d === 1);
}

export const F32_DEPTHWISE_VARIANTS: readonly KernelVariant[] = [
  depthwise('f32_conv_2x4__simd_depthwise3x3s1', (w) => is3x3(w, 1), ringBytes),
  depthwise('f32_conv_2x4__simd_depthwise3x3s2', (w) => is3x3(w, 2), ringBytes),
];
