import { Random } from '../core/random.ts';
import { inferShapes } from '../network/shapes.ts';
import { INPUT, type Layer, type Network, type Shape } from '../network/types.ts';
import type { Calibration } from '../quant/calibration.ts';
import { type InputMoments, MomentSums } from '../quant/post-training/moments.ts';
import { quantizationSource, quantizeNetwork } from '../quant/quantize.ts';
import { uniformSchemes } from '../quant/tensor-plan.ts';
import type { Engine } from './engine.ts';
import type { NetworkInput } from './input.ts';

/** Output positions of a layer that are looked at, over all images together. */
const POSITIONS = 4096;

/** Layers with more inputs an output than this keep their plain rounding: their moments would take too long. */
const MOST_INPUTS = 1152;

type Weighted = Extract<Layer, { op: 'conv2d' | 'dense' }>;

/**
 * Observes what the layers with weights of the f32 network multiply their weights with: at a few thousand output positions,
 * drawn by a fixed seed, the inputs of each sum. The f32 kernels keep a fixed order of operations, so the moments are the
 * same on every engine.
 *
 * @param folded with weights.
 * @returns moments by layer; layers of more than 1,152 inputs an output have none.
 */
export function observeMoments(
  engine: Engine,
  folded: Network,
  calibration: Calibration,
  images: readonly NetworkInput[],
): Map<string, InputMoments> {
  const shapes = inferShapes(folded);
  const readers = new Map<string, Sampler[]>();
  const samplers: Sampler[] = [];
  for (const layer of folded.layers) {
    if (layer.op !== 'conv2d' && layer.op !== 'dense') continue;
    const sampler = new Sampler(layer, shapes, images.length);
    if (sampler.inputs > MOST_INPUTS) continue;
    samplers.push(sampler);
    readers.set(layer.inputs[0], [...(readers.get(layer.inputs[0]) ?? []), sampler]);
  }
  const real = quantizeNetwork(quantizationSource(folded, calibration), uniformSchemes(folded, 'f32'));
  const session = engine.load(real);
  for (const image of images) {
    session.observe(image, (tensor, values) => {
      for (const sampler of readers.get(tensor) ?? []) sampler.look(values as Float32Array);
    });
  }
  session.dispose();
  return new Map(samplers.map((sampler) => [sampler.layer.name, sampler.sums.moments()]));
}

/** Gathers the inputs of sums of one layer. */
class Sampler {
  readonly layer: Weighted;
  readonly inputs: number;
  readonly sums: MomentSums;
  private readonly shape: Shape;
  private readonly output: Shape;
  private readonly groups: number;
  private readonly perImage: number;
  private readonly random = new Random(1);
  private readonly values: Float64Array;

  constructor(layer: Weighted, shapes: ReadonlyMap<string, Shape>, images: number) {
    this.layer = layer;
    this.shape = shapes.get(layer.inputs[0] ?? INPUT)!;
    this.output = shapes.get(layer.name)!;
    this.groups = layer.op === 'conv2d' ? layer.groups : 1;
    const [height, width, channels] = this.shape;
    const window = layer.op === 'conv2d' ? layer.kernel[0] * layer.kernel[1] : height * width;
    this.inputs = (window * channels) / this.groups;
    const positions = this.output[0] * this.output[1];
    this.perImage = Math.max(1, Math.min(positions, Math.floor(POSITIONS / images)));
    const wanted = this.inputs <= MOST_INPUTS ? this.inputs : 0;
    this.sums = new MomentSums(wanted, this.groups);
    this.values = new Float64Array(wanted * this.groups);
  }

  look(tensor: Float32Array): void {
    const positions = this.output[0] * this.output[1];
    for (let k = 0; k < this.perImage; k++) {
      // all of them where there are few, else drawn
      const position = this.perImage === positions ? k : this.random.below(positions);
      if (this.layer.op === 'dense') this.values.set(tensor);
      else this.gather(tensor, this.layer, Math.floor(position / this.output[1]), position % this.output[1]);
      this.sums.add(this.values);
    }
  }

  /** The window of one output position, in the order of the weights, group by group. */
  private gather(tensor: Float32Array, layer: Extract<Layer, { op: 'conv2d' }>, y: number, x: number): void {
    const [height, width, channels] = this.shape;
    const { kernel, stride, padding, dilation } = layer;
    const perGroup = channels / this.groups;
    let at = 0;
    for (let group = 0; group < this.groups; group++) {
      for (let ky = 0; ky < kernel[0]; ky++) {
        const row = y * stride[0] - padding[0] + ky * dilation[0];
        for (let kx = 0; kx < kernel[1]; kx++) {
          const column = x * stride[1] - padding[3] + kx * dilation[1];
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          const start = (row * width + column) * channels + group * perGroup;
          for (let c = 0; c < perGroup; c++) this.values[at++] = inside ? tensor[start + c] : 0;
        }
      }
    }
  }
}
