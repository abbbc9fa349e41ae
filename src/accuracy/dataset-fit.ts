import { BitbudgetError } from '../core/errors.ts';
import type { Dataset } from '../data/types.ts';
import { inferShapes } from '../network/shapes.ts';
import type { Network } from '../network/types.ts';

/**
 * Makes sure that an accuracy of a network on a dataset means something. Images at another size, or of other classes,
 * would do for timing, but nobody could say what a share of right labels tells then.
 *
 * @throws {BitbudgetError} `input` for images of another shape than the input, or another number of classes than outputs.
 */
export function assertDatasetFits(
  network: Pick<Network, 'name' | 'inputShape' | 'layers'>,
  dataset: Pick<Dataset, 'name' | 'imageShape' | 'classes'>,
): void {
  const { name, inputShape, layers } = network;
  const { imageShape, classes } = dataset;
  if (inputShape.some((size, axis) => size !== imageShape[axis])) {
    const problem = `Dataset "${dataset.name}" has images of ${imageShape.join('×')}, and network "${name}" reads ${inputShape.join('×')}.`;
    throw new BitbudgetError('input', problem, 'Choose a dataset and a network of the same image size.');
  }
  const last = inferShapes(network).get(layers[layers.length - 1].name)!;
  const outputs = last.reduce((product, size) => product * size, 1);
  if (outputs !== classes.length) {
    const problem = `Dataset "${dataset.name}" has ${classes.length} classes, and network "${name}" has ${outputs} outputs.`;
    throw new BitbudgetError('input', problem, 'Choose a dataset and a network with the same number of classes.');
  }
}
