import { TrainableModel } from '../../autodiff/model.ts';
import { assert, BitbudgetError } from '../../core/errors.ts';
import { InputWriter, type NetworkInput } from '../../engine/input.ts';
import { inferShapes } from '../../network/shapes.ts';
import type { Network } from '../../network/types.ts';
import type { ProxyContext } from './types.ts';

/**
 * A folded network whose gradients can be taken; give its memory back with `dispose`.
 *
 * @throws {BitbudgetError} `unsupported` for layers without a gradient.
 */
export async function differentiable({ gradients }: ProxyContext, folded: Network): Promise<TrainableModel> {
  assert(gradients, 'gradients are asked for where there are none');
  const autodiff = await gradients();
  try {
    return new TrainableModel(autodiff, folded);
  } catch (error) {
    if (!(error instanceof BitbudgetError) || error.kind !== 'unsupported') throw error;
    throw new BitbudgetError('unsupported', error.message, 'Choose a proxy without gradients, such as output-noise.');
  }
}

/** Images as a batch of the network's input, [n][height][width][channels]. */
export function realInputs({ inputShape, preprocessing }: Network, images: readonly NetworkInput[]): Float32Array {
  const writer = new InputWriter(inputShape, preprocessing, { type: 'f32' });
  const size = inputShape[0] * inputShape[1] * inputShape[2];
  const values = new Float32Array(images.length * size);
  for (const [i, image] of images.entries()) writer.write(image, values.subarray(i * size, (i + 1) * size));
  return values;
}

/** Elements of all tensors of one batch together, at most: backward passes keep them several times over. */
const MOST_ELEMENTS = 2 ** 25;

/**
 * How many images may go through a network at once, `wanted` at most: fewer where its tensors are large.
 *
 * @example batchSize({ inputShape: [1, 1, 4], layers: [] }, 32) // => 32
 */
export function batchSize(network: Pick<Network, 'inputShape' | 'layers'>, wanted: number): number {
  let elements = 0;
  for (const shape of inferShapes(network).values()) elements += shape[0] * shape[1] * shape[2];
  return Math.max(1, Math.min(wanted, Math.floor(MOST_ELEMENTS / Math.max(1, elements))));
}
