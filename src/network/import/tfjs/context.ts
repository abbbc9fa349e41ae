import type { ActivationFunction, Pair, Shape } from '../../types.ts';
import { damagedModel, type Place, printable, unsupportedLayer } from '../failures.ts';
import { ImportedGraph, type Tensor } from '../imported-graph.ts';
import type { TfjsLayer } from './model.ts';

type Weight = { shape: number[]; values: Float32Array };

/** What the layers of one model share while they are taken over. */
export class TfjsContext {
  readonly source: string;
  readonly graph: ImportedGraph;
  private readonly weights = new Map<string, Weight>();
  private readonly produced = new Map<string, Tensor>();

  constructor(source: string, inputShape: Shape, weights: ReadonlyMap<string, Weight>, fileBytes: number) {
    this.source = source;
    this.graph = new ImportedGraph(source, inputShape, fileBytes);
    for (const [name, weight] of weights) {
      // names lead through enclosing models; the last two parts are layer and variable
      const key = name.replace(/:\d+$/, '').split('/').slice(-2).join('/');
      if (this.weights.has(key)) throw damagedModel(source, `holds the weight "${printable(key)}" twice`);
      this.weights.set(key, weight);
    }
  }

  place(layer: TfjsLayer): Place {
    return { source: this.source, op: layer.class_name, layer: nameOf(layer) };
  }

  produce(layer: TfjsLayer, tensor: Tensor): void {
    this.produced.set(nameOf(layer), tensor);
  }

  tensor(name: string): Tensor {
    const tensor = this.produced.get(name);
    if (!tensor)
      throw damagedModel(this.source, `has a layer that reads "${printable(name)}", which no earlier layer produces`);
    return tensor;
  }

  weight(layer: TfjsLayer, variable: string): Weight {
    const weight = this.weights.get(`${nameOf(layer)}/${variable}`);
    if (!weight) throw damagedModel(this.source, `lacks the weight "${printable(nameOf(layer))}/${variable}"`);
    return weight;
  }

  number(layer: TfjsLayer, key: string, fallback: number): number {
    const value = layer.config[key] ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw damagedModel(
      this.source,
      `holds layer "${printable(nameOf(layer))}" with ${key} ${printable(String(value))}`,
    );
  }

  /** A size of a window: one number for both axes, or two. */
  pair(layer: TfjsLayer, key: string, fallback: Pair): Pair {
    const value = layer.config[key] ?? fallback;
    const sizes = typeof value === 'number' ? [value, value] : value;
    const sound =
      Array.isArray(sizes) &&
      sizes.length === 2 &&
      sizes.every((size) => Number.isInteger(size) && size > 0 && size <= 2 ** 16);
    if (sound) return [sizes[0], sizes[1]];
    throw damagedModel(
      this.source,
      `holds layer "${printable(nameOf(layer))}" with ${key} ${printable(JSON.stringify(value))}`,
    );
  }

  flag(layer: TfjsLayer, key: string, fallback: boolean): boolean {
    return typeof layer.config[key] === 'boolean' ? (layer.config[key] as boolean) : fallback;
  }

  text(layer: TfjsLayer, key: string, fallback: string): string {
    return typeof layer.config[key] === 'string' ? (layer.config[key] as string) : fallback;
  }

  /** Refuses a layer whose channels are not the last axis. */
  assertChannelsLast(layer: TfjsLayer): void {
    const format = this.text(layer, 'data_format', 'channels_last');
    if (format === 'channels_last') return;
    throw unsupportedLayer(
      this.place(layer),
      `has its channels first (${printable(format)})`,
      'Save it with channels_last.',
    );
  }

  /** The axis that a layer works along; one in a list counts as one. */
  axis(layer: TfjsLayer): number {
    const { axis } = layer.config;
    const single = Array.isArray(axis) && axis.length === 1 ? axis[0] : (axis ?? -1);
    return typeof single === 'number' ? single : Number.NaN;
  }

  /** Whether an axis, counted with the batch, is that of a tensor's channels. */
  isChannels(axis: number, tensor: Tensor): boolean {
    const [height, width] = this.graph.shapeOf(tensor);
    return axis === -1 || axis === 3 || (axis === 1 && height * width === 1);
  }

  /** Applies what a layer ends in. */
  activated(layer: TfjsLayer, tensor: Tensor, activation: string): Tensor {
    const name = nameOf(layer);
    if (activation === 'linear') return tensor;
    if (activation === 'softmax')
      return this.graph.unary(tensor, { op: 'softmax', name: `${name}.softmax`, inputs: [] });
    const own = ACTIVATIONS[activation];
    if (own) return this.graph.activation(`${name}.${activation}`, tensor, own);
    const remedy = `Use one of linear, softmax, ${Object.keys(ACTIVATIONS).join(', ')}.`;
    throw unsupportedLayer(this.place(layer), `ends in the activation ${printable(activation)}`, remedy);
  }
}

/** Activations by their names in Keras. */
const ACTIVATIONS: Readonly<Record<string, ActivationFunction | undefined>> = {
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  hard_swish: 'hardSwish',
  hard_silu: 'hardSwish',
};

export function nameOf(layer: TfjsLayer): string {
  const { name } = layer.config;
  return typeof name === 'string' ? name : (layer.name ?? layer.class_name);
}
