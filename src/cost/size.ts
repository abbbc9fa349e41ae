import type { Workload } from '../network/workload.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';

const WORD_BYTES = 4;

/** Weights of one layer, biases not counted. */
export function weightCount({ op, inChannels, outChannels, kernel, groups }: Workload): number {
  if (op !== 'conv2d' && op !== 'dense') return 0;
  return outChannels * (inChannels / groups) * kernel[0] * kernel[1];
}

/**
 * Bytes of one stored layer: its weights packed at their own bits to whole bytes, a 32-bit bias a channel where it has
 * one, and a 32-bit scale a channel where it is quantized.
 *
 * @example layerSizeBytes({ op: 'dense', batch: 1, height: 1, width: 1, inChannels: 3, outChannels: 3, kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, activation: 'none', residual: false, input: 'u8', output: 'f32' }, 'w2a2', true) // => 27
 */
export function layerSizeBytes(workload: Workload, scheme: Scheme, hasBias: boolean): number {
  const weights = weightCount(workload);
  if (weights === 0) return 0;
  const packed = Math.ceil((weights * schemeBits(scheme).weightBits) / 8);
  const constants = (hasBias ? 1 : 0) + (scheme === 'f32' ? 0 : 1);
  return packed + constants * WORD_BYTES * workload.outChannels;
}
