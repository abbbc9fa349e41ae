import { BitbudgetError } from '../core/errors.ts';
import type { Expected } from '../data/detect.ts';
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
  const { name, inputShape } = network;
  const { imageShape, classes } = dataset;
  if (inputShape.some((size, axis) => size !== imageShape[axis])) {
    const problem = `Dataset "${dataset.name}" has images of ${imageShape.join('×')}, and network "${name}" reads ${inputShape.join('×')}.`;
    throw new BitbudgetError(
      'input',
      problem,
      `Bring the images to that shape with ${flagsFor(imageShape, inputShape)}.`,
    );
  }
  const outputs = expectedImages(network).classes;
  if (outputs !== classes.length) {
    const problem = `Dataset "${dataset.name}" has ${classes.length} classes, and network "${name}" has ${outputs} outputs.`;
    throw new BitbudgetError('input', problem, 'Choose a dataset and a network with the same number of classes.');
  }
}

/** What a network reads and tells apart, for datasets whose files do not say. */
export function expectedImages(network: Pick<Network, 'inputShape' | 'layers'>): Required<Expected> {
  const { inputShape, layers } = network;
  const last = inferShapes(network).get(layers[layers.length - 1].name)!;
  return { shape: inputShape, classes: last.reduce((product, size) => product * size, 1) };
}

function flagsFor(from: Dataset['imageShape'], to: Dataset['imageShape']): string {
  const flags: string[] = [];
  if (from[0] !== to[0] || from[1] !== to[1]) flags.push(`--resize ${to[0]}x${to[1]}`);
  if (from[2] !== to[2]) flags.push(to[2] === 1 ? '--colour grey' : '--colour rgb');
  return flags.join(' ');
}
