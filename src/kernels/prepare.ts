import type { LayerArithmetic } from '../quant/arithmetic.ts';
import { PARAMETER_BYTES } from './parameters.ts';
import { type ChannelRange, type LayerPart, partOfLayer, scratchOffsets } from './parts.ts';
import { variantNumber } from './registry.ts';
import type { KernelVariant, LayerAddresses, LoadedKernels } from './types.ts';

/** What preparing a layer takes memory from. */
export interface KernelMemory {
  readonly kernels: LoadedKernels;
  allocate(bytes: number): number;
  /** Address of a layer's packed weights; of the given channels alone where there are some. */
  weights(layer: LayerArithmetic, channels?: ChannelRange): number;
}

/** Addresses of a layer's tensors, and of scratch as large as `scratchOffsets` says. */
export type LayerBuffers = Pick<LayerAddresses, 'input' | 'residual' | 'output' | 'scratch'>;

/** A layer that is ready to run: `call(parameters)` does all of it and returns when it is done, however many threads share it. */
export interface PreparedLayer {
  call: (parameters: number) => void;
  parameters: number;
  /** Threads that share it. */
  parts: number;
}

/** Threads of loaded kernels. */
export function threadsOf({ team }: LoadedKernels): number {
  return team?.threads ?? 1;
}

/**
 * Packs what a layer's kernel reads and fills a parameter block for each of its parts.
 *
 * @param parts from `layerParts`.
 */
export function prepareLayer(
  memory: KernelMemory,
  layer: LayerArithmetic,
  variant: KernelVariant,
  parts: readonly LayerPart[],
  buffers: LayerBuffers,
): PreparedLayer {
  const { kernels } = memory;
  const scratch = scratchOffsets(variant, parts);
  const blocks = parts.map((part, i) =>
    preparePart(memory, layer, variant, part, { ...buffers, scratch: buffers.scratch + scratch[i] }),
  );
  const kernel = kernels.call(variant.id);
  const { team } = kernels;
  if (!team || blocks.length === 1) return { call: kernel, parameters: blocks[0], parts: 1 };
  const number = variantNumber(variant);
  return { call: () => team.run(kernel, number, blocks), parameters: blocks[0], parts: blocks.length };
}

function preparePart(
  memory: KernelMemory,
  whole: LayerArithmetic,
  variant: KernelVariant,
  part: LayerPart,
  { input, residual, output, scratch }: LayerBuffers,
): number {
  const { offsets, channels } = part;
  const layer = partOfLayer(whole, part);
  const weights = memory.weights(layer, channels);
  const packed = variant.packConstants(layer);
  const constants = memory.allocate(packed.length);
  const parameters = memory.allocate(PARAMETER_BYTES);
  const { buffer } = memory.kernels.memory; // allocating may have replaced it
  new Uint8Array(buffer, constants, packed.length).set(packed);
  variant.writeParameters(new DataView(buffer), parameters, layer, {
    input: input + offsets.input * elementBytes(whole.input),
    residual: whole.residual ? residual + offsets.operand * elementBytes(whole.residual) : residual,
    output: output + offsets.output * elementBytes(whole.output),
    weights,
    constants,
    scratch,
  });
  return parameters;
}

function elementBytes({ type }: { type: 'u8' | 'f32' }): 1 | 4 {
  return type === 'f32' ? 4 : 1;
}
