import type { Workload } from '../network/workload.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import type { KernelVariant } from './types.ts';

/**
 * The convolution of one group and no dilation that computes the same: weights are zero where an input belongs to another
 * group or lies between the taps. Integer kernels without an own form for groups and holes run this.
 */
export function denseWorkload(w: Workload): Workload {
  const kernel = [w.kernel[0], w.kernel[1]].map((size, axis) => (size - 1) * w.dilation[axis] + 1);
  return { ...w, groups: 1, dilation: [1, 1], kernel: [kernel[0], kernel[1]] };
}

/** A layer as {@link denseWorkload} describes it, with its weights spread out; itself where it is one already. */
export function denseLayer(layer: LayerArithmetic): LayerArithmetic {
  const { workload: w, weights } = layer;
  const dense = denseWorkload(w);
  if (w.groups === 1 && w.dilation[0] === 1 && w.dilation[1] === 1) return layer;
  const spread = new Int8Array(dense.outChannels * dense.kernel[0] * dense.kernel[1] * dense.inChannels);
  const groupChannels = w.inChannels / w.groups;
  let from = 0;
  for (let c = 0; c < w.outChannels; c++) {
    const first = Math.floor(c / (w.outChannels / w.groups)) * groupChannels;
    for (let ky = 0; ky < w.kernel[0]; ky++) {
      for (let kx = 0; kx < w.kernel[1]; kx++) {
        const row = (c * dense.kernel[0] + ky * w.dilation[0]) * dense.kernel[1] + kx * w.dilation[1];
        for (let i = 0; i < groupChannels; i++) spread[row * w.inChannels + first + i] = weights![from++];
      }
    }
  }
  return { ...layer, workload: dense, weights: spread };
}

/**
 * Lets a kernel of one group without dilation run convolutions with groups and holes too; depthwise ones, which would be
 * almost nothing but zeros, have kernels of their own.
 */
export function spread(variant: KernelVariant): KernelVariant {
  const dense = (layer: LayerArithmetic) => ({ ...layer, workload: denseWorkload(layer.workload) });
  return {
    ...variant,
    supports: (w) =>
      (w.groups === 1 || w.groups !== w.outChannels || w.groups !== w.inChannels) && variant.supports(denseWorkload(w)),
    scratchBytes: (w) => variant.scratchBytes(denseWorkload(w)),
    packedBytes: (w) => variant.packedBytes(denseWorkload(w)),
    packWeights: (layer) => variant.packWeights(denseLayer(layer)),
    packConstants: (layer) => variant.packConstants(denseLayer(layer)),
    constantsBytes: (w) => variant.constantsBytes(denseWorkload(w)),
    writeParameters: (memory, address, layer, addresses) =>
      variant.writeParameters(memory, address, dense(layer), addresses),
  };
}
