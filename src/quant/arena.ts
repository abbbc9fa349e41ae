import { type MemoryPlan, type PlannedBuffer, planMemory } from '../network/memory-plan.ts';
import { consumersOf } from '../network/shapes.ts';
import { INPUT, type Network } from '../network/types.ts';
import type { TensorPlan } from './tensor-plan.ts';

/** The name under which a layer's scratch stands in the arena's plan. */
export function scratchName(layer: string): string {
  return `${layer}#scratch`;
}

/** Bytes of one stored tensor. */
export function tensorBytes(plan: Pick<TensorPlan, 'tensors' | 'shapes'>, name: string): number {
  const [height, width, channels] = plan.shapes.get(name)!;
  return height * width * channels * (plan.tensors.get(name)!.type === 'f32' ? 4 : 1);
}

/**
 * Places all activations and scratch buffers of a planned network in one arena. A tensor lives from the step that
 * writes it (the input: from before the first) to the last step that reads it; scratch lives for its own step. The
 * plan's peak is the RAM that a candidate is priced at, and the engine uses the very same plan.
 *
 * @param scratchBytes of each layer, by name; absent means none.
 */
export function planArena(
  folded: Pick<Network, 'layers'>,
  plan: Pick<TensorPlan, 'tensors' | 'shapes'>,
  scratchBytes: ReadonlyMap<string, number>,
): MemoryPlan {
  const { layers } = folded;
  const stepOf = new Map(layers.map((layer, step) => [layer.name, step]));
  const consumers = consumersOf(layers);
  const buffers: PlannedBuffer[] = [];
  for (const name of [INPUT, ...stepOf.keys()]) {
    const firstStep = stepOf.get(name) ?? -1;
    const readers = consumers.get(name) ?? [];
    // what nobody reads is the network's output: it has to outlive the last step
    const lastStep = readers.length > 0 ? stepOf.get(readers[readers.length - 1])! : layers.length;
    buffers.push({ name, bytes: tensorBytes(plan, name), firstStep, lastStep });
  }
  for (const [layer, bytes] of scratchBytes) {
    const step = stepOf.get(layer)!;
    if (bytes > 0) buffers.push({ name: scratchName(layer), bytes, firstStep: step, lastStep: step });
  }
  return planMemory(buffers);
}
