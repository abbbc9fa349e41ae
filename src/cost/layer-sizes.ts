import { isDepthwise } from '../network/reduce/channel-classes.ts';
import { cropped } from '../network/reduce/kernels.ts';
import type { Layer, Network } from '../network/types.ts';
import type { Workload } from '../network/workload.ts';

/** What is left of each layer of a folded network, by position: channels and windows may be smaller than its own. */
export interface LayerSizes {
  /** Of the tensor that the layer reads. */
  readonly inChannels: Int32Array;
  readonly outChannels: Int32Array;
  /** Side of a convolution's square window, 0 for its own; of a subsampling, the channels of zeros before its input. */
  readonly details: Int32Array;
}

/** From this on the sizes of a layer do not fit one number. */
const LIMIT = 2 ** 14;

/**
 * A number for the sizes of one layer, or −1 where they are too large for one.
 *
 * @example sizeNumber({ inChannels: Int32Array.of(2), outChannels: Int32Array.of(3), details: Int32Array.of(0) }, 0) // => 49154
 */
export function sizeNumber({ inChannels, outChannels, details }: LayerSizes, position: number): number {
  const [input, output, detail] = [inChannels[position], outChannels[position], details[position]];
  if (input >= LIMIT || output >= LIMIT || detail >= LIMIT) return -1;
  return (detail * LIMIT + output) * LIMIT + input;
}

/** A workload of a layer in the sizes that are left of it. */
export function resizeWorkload(workload: Workload, layer: Layer, sizes: LayerSizes, position: number): Workload {
  const [input, outChannels, detail] = [
    sizes.inChannels[position],
    sizes.outChannels[position],
    sizes.details[position],
  ];
  switch (layer.op) {
    case 'conv2d': {
      const groups = isDepthwise(layer, workload.inChannels) ? input : layer.groups;
      const { kernel, padding } = detail > 0 ? cropped(layer, detail) : layer;
      return { ...workload, inChannels: input, outChannels, groups, kernel, padding };
    }
    case 'subsample':
      return {
        ...workload,
        inChannels: input,
        outChannels,
        padding: [0, outChannels - detail - input, 0, detail],
      };
    case 'reshape':
      return { ...workload, inChannels: input, outChannels: input };
    default:
      return { ...workload, inChannels: input, outChannels };
  }
}

/** What a layer learns besides its kernel, before batch norm is folded. */
export interface LearnedExtras {
  bias: boolean;
  /** Batch norms that fold into it. */
  norms: number;
}

/** By the name of each layer with weights. */
export function learnedExtras(network: Pick<Network, 'layers'>): Map<string, LearnedExtras> {
  const extras = new Map<string, LearnedExtras>();
  for (const layer of network.layers) {
    if (layer.op === 'conv2d' || layer.op === 'dense') extras.set(layer.name, { bias: layer.bias, norms: 0 });
    const normalised = layer.op === 'batchNorm' ? extras.get(layer.inputs[0]) : undefined;
    if (normalised) normalised.norms++;
  }
  return extras;
}
