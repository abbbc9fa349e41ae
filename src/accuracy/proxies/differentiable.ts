import { TrainableModel } from '../../autodiff/model.ts';
import { assert, BitbudgetError } from '../../core/errors.ts';
import { InputWriter, type NetworkInput } from '../../engine/input.ts';
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
