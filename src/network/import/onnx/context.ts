import type { StoredFormat } from '../../types.ts';
import { INPUT } from '../../types.ts';
import { damagedModel, type Place, unsupportedLayer } from '../failures.ts';
import { ImportedGraph, type Tensor } from '../imported-graph.ts';
import { countElements } from '../limits.ts';
import type { OnnxInput, OnnxModel, OnnxNode } from './model.ts';
import { ELEMENT_TYPES, type OnnxTensor, readTensor } from './tensors.ts';

/**
 * The order in which a computed value's axes stand in the model; the network's own tensors are always rows, columns,
 * channels. `first`: [1, channels, …pixels]; `last`: [1, …pixels, channels]; `flat`: [1, elements], counted as `order` says.
 */
export type Layout = { axes: 'first' | 'last' } | { axes: 'flat'; order: 'first' | 'last' };

/** A value that the network computes. */
export interface Computed {
  tensor: Tensor;
  /** Sizes in the model's order, the batch being 1. */
  dims: number[];
  layout: Layout;
}

/** A value that is known: a constant, or one that DequantizeLinear makes of integers. */
export interface Constant extends OnnxTensor {
  quantized?: { scales: ArrayLike<number>; zeroPoints: ArrayLike<number>; axis: number };
}

/** What the nodes of one model share while they are taken over. */
export class OnnxContext {
  readonly source: string;
  readonly model: OnnxModel;
  readonly graph: ImportedGraph;
  /** Size of the batch in the file where it is fixed to more than 1: images are run one at a time. */
  readonly batch: number;
  /** Whether the network's input comes as integers whose format the first reader tells. */
  readonly integerInput: 'uint8' | 'int8' | undefined;
  private readonly computed = new Map<string, Computed>();
  private readonly constants = new Map<string, Constant>();

  constructor(source: string, model: OnnxModel, fileBytes: number) {
    this.source = source;
    this.model = model;
    for (const [name, tensor] of model.initializers) this.constants.set(name, tensor);
    const [input, ...others] = model.inputs;
    const place = { source, op: 'graph', layer: input?.name ?? 'model' };
    if (!input || others.length > 0 || model.outputs.length !== 1) {
      const problem = `has ${model.inputs.length} inputs and ${model.outputs.length} outputs`;
      throw unsupportedLayer(place, problem, 'Export a network with one input and one output.');
    }
    const type = ELEMENT_TYPES[input.type];
    if (!['float', 'float16', 'double', 'uint8', 'int8'].includes(type ?? '')) {
      throw unsupportedLayer(
        place,
        `has an input of type ${type ?? input.type}`,
        'Export it with an input of floats or bytes.',
      );
    }
    this.integerInput = type === 'uint8' || type === 'int8' ? type : undefined;
    this.batch = Math.max(input.dims[0] ?? 1, 1);
    const dims = inputSizes(place, input);
    const layout = inputLayout(model, input, dims.length);
    this.graph = new ImportedGraph(source, shapeOf(dims, layout), fileBytes);
    this.computed.set(input.name, { tensor: { name: INPUT }, dims, layout });
  }

  place(node: OnnxNode): Place {
    return { source: this.source, op: node.op, layer: node.name };
  }

  has(node: OnnxNode, position: number): boolean {
    return (node.inputs[position] ?? '') !== '';
  }

  isConstant(node: OnnxNode, position: number): boolean {
    return this.constants.has(node.inputs[position] ?? '');
  }

  constant(node: OnnxNode, position: number): Constant {
    const name = node.inputs[position] ?? '';
    const constant = this.constants.get(name);
    if (constant) return constant;
    const problem = this.computed.has(name) ? `computes its input "${name}"` : `reads "${name}", which is not there`;
    throw unsupportedLayer(this.place(node), problem, 'That input has to be constant: fold constants when exporting.');
  }

  /** A constant that may be left out. */
  optional(node: OnnxNode, position: number): Constant | undefined {
    return this.has(node, position) ? this.constant(node, position) : undefined;
  }

  value(node: OnnxNode, position: number): Computed {
    const name = node.inputs[position] ?? '';
    const value = this.computed.get(name);
    if (value) return value;
    if (this.constants.has(name)) {
      const problem = `reads the constant "${name}" where a computed value is expected`;
      throw unsupportedLayer(this.place(node), problem, 'Fold constants when exporting the model.');
    }
    throw damagedModel(this.source, `holds a ${node.op} that reads "${name}", which no earlier node produces`);
  }

  produce(node: OnnxNode, value: Computed): void {
    if (node.outputs.filter((name) => name !== '').length > 1) {
      const remedy = 'Export the model for inference, where it has one output.';
      throw unsupportedLayer(this.place(node), `has ${node.outputs.length} outputs`, remedy);
    }
    countElements(this.source, value.dims);
    this.computed.set(node.outputs[0] ?? '', value);
  }

  produceConstant(node: OnnxNode, constant: Constant): void {
    this.constants.set(node.outputs[0] ?? '', constant);
  }

  /** The format of a value in 8 bits; an integer input takes the given one if it has none yet. */
  formatOf({ tensor }: Computed, given?: StoredFormat): StoredFormat | undefined {
    if (given && tensor.name === INPUT && this.integerInput) this.graph.inputFormat ??= given;
    return this.graph.formatOf(tensor);
  }

  result(): Tensor {
    const [name] = this.model.outputs;
    const value = this.computed.get(name);
    if (!value) throw damagedModel(this.source, `has an output, "${name}", that no node computes`);
    return value.tensor;
  }

  ints(node: OnnxNode, name: string, fallback: number[]): number[] {
    const attribute = node.attributes.get(name);
    return attribute ? attribute.ints(8) : fallback;
  }

  int(node: OnnxNode, name: string, fallback: number): number {
    return node.attributes.get(name)?.int(3, fallback) ?? fallback;
  }

  float(node: OnnxNode, name: string, fallback: number): number {
    return node.attributes.get(name)?.float(2, fallback) ?? fallback;
  }

  text(node: OnnxNode, name: string, fallback: string): string {
    return node.attributes.get(name)?.text(4) ?? fallback;
  }

  tensor(node: OnnxNode, name: string): OnnxTensor | undefined {
    const message = node.attributes.get(name)?.message(5);
    return message && readTensor(message, this.source);
  }
}

/** The sizes of the input with a batch of 1. */
function inputSizes(place: Place, { dims }: OnnxInput): number[] {
  const sizes = dims.map((size, axis) => (axis === 0 ? 1 : size));
  if (sizes.length < 2 || sizes.length > 4 || sizes.some((size) => size < 1)) {
    const problem = `has an input of sizes ${dims.map((size) => (size < 0 ? '?' : size)).join('×') || 'unknown'}`;
    throw unsupportedLayer(place, problem, 'Export it with a batch, and fixed sizes for the other axes, up to three.');
  }
  return sizes;
}

/** Channels last where all that reads the input begins by bringing the channels to the front. */
function inputLayout({ nodes }: OnnxModel, { name }: OnnxInput, rank: number): Layout {
  if (rank === 2) return { axes: 'flat', order: 'last' };
  const names = new Set([name]);
  const readers: OnnxNode[] = [];
  for (const node of nodes) {
    if (!node.inputs.some((input) => names.has(input))) continue;
    if (node.op === 'QuantizeLinear' || node.op === 'DequantizeLinear') names.add(node.outputs[0] ?? '');
    else readers.push(node);
  }
  const toFront = [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)].join();
  const moves = readers.every(
    ({ op, attributes }) => op === 'Transpose' && attributes.get('perm')?.ints(8).join() === toFront,
  );
  return { axes: readers.length > 0 && moves ? 'last' : 'first' };
}

/** Rows, columns and channels of a value; a flat one is a pixel. */
export function shapeOf(dims: readonly number[], { axes }: Layout): [number, number, number] {
  if (axes === 'flat') return [1, 1, dims[1]];
  const pixels = axes === 'first' ? dims.slice(2) : dims.slice(1, -1);
  const [height, width] = [1, 1, ...pixels].slice(-2);
  return [height, width, axes === 'first' ? dims[1] : dims[dims.length - 1]];
}

/** The position of the channels among a value's axes; −1 for a flattened image. */
export function channelAxis(context: OnnxContext, { dims, layout, tensor }: Computed): number {
  if (layout.axes === 'first') return 1;
  if (layout.axes === 'last') return dims.length - 1;
  const [height, width] = context.graph.shapeOf(tensor);
  return height * width === 1 ? 1 : -1;
}
