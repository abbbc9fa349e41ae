import { halfToNumber } from '../../half.ts';
import { type Activation, INPUT, type Shape, type StoredFormat } from '../../types.ts';
import { damagedModel, type Place, printable, unsupportedLayer } from '../failures.ts';
import { ImportedGraph, type Tensor } from '../imported-graph.ts';
import { assertCount, countElements, isSoundScale, LIMITS } from '../limits.ts';
import type { TfliteModel, TfliteOperator, TfliteTensor } from './model.ts';

/** `ActivationFunctionType` of the schema. */
const FUSED: readonly (Activation | string)[] = ['none', 'relu', 'RELU_N1_TO_1', 'relu6', 'TANH', 'SIGN_BIT'];

const ELEMENT_BYTES: Partial<Record<TfliteTensor['type'], number>> = {
  ...{ float32: 4, float16: 2, int32: 4, uint8: 1, int64: 8, int16: 2, int8: 1 },
};

/** What the operators of one model share while they are taken over. */
export class TfliteContext {
  readonly source: string;
  readonly model: TfliteModel;
  readonly graph: ImportedGraph;
  /** What became of each tensor that an operator has produced. */
  private readonly produced = new Map<number, Tensor>();
  /** Constants that a DEQUANTIZE stands for. */
  private readonly aliases = new Map<number, number>();
  /** Tensors that hold sizes alone and stand in for a RESHAPE's target. */
  private readonly sizes = new Set<number>();

  constructor(source: string, model: TfliteModel, fileBytes: number) {
    this.source = source;
    this.model = model;
    if (model.inputs.length !== 1 || model.outputs.length !== 1) {
      throw damagedOrMany(source, model.inputs.length, model.outputs.length);
    }
    const [input] = model.inputs;
    const place = { source, op: 'input', layer: model.tensors[input].name };
    this.graph = new ImportedGraph(source, shapeOf(place, model.tensors[input]), fileBytes);
    const format = formatOf(place, model.tensors[input]);
    this.produced.set(input, format ? this.graph.quantize('input', { name: INPUT }, format) : { name: INPUT });
  }

  place(operator: TfliteOperator): Place {
    const [output] = operator.outputs;
    return { source: this.source, op: operator.name, layer: this.model.tensors[output]?.name ?? '' };
  }

  /** The stored tensor of an operand, with its constants. */
  operand(operator: TfliteOperator, position: number): TfliteTensor {
    const index = operator.inputs[position] ?? -1;
    if (index < 0) throw damagedModel(this.source, `holds a ${operator.name} without its operand ${position}`);
    return this.model.tensors[this.aliases.get(index) ?? index];
  }

  hasOperand(operator: TfliteOperator, position: number): boolean {
    return (operator.inputs[position] ?? -1) >= 0;
  }

  isConstant(operator: TfliteOperator, position: number): boolean {
    return !this.produced.has(operator.inputs[position] ?? -1) && this.operand(operator, position).data.length > 0;
  }

  /** The numbers of a constant operand that lists axes or amounts for them. */
  shortList(operator: TfliteOperator, position: number): number[] {
    const tensor = this.operand(operator, position);
    if (!this.isConstant(operator, position)) {
      const problem = `computes its operand "${tensor.name}"`;
      throw unsupportedLayer(
        this.place(operator),
        problem,
        'That operand has to be constant: export with fixed sizes.',
      );
    }
    assertCount(this.source, `values in "${printable(tensor.name)}"`, tensor.data.length, 8 * 2 * LIMITS.rank);
    return [...readConstant(this.place(operator), tensor, 'raw')];
  }

  /** What an operand has become in the network. */
  activation(operator: TfliteOperator, position: number): Tensor {
    const index = operator.inputs[position] ?? -1;
    const tensor = this.produced.get(index);
    if (tensor) return tensor;
    if (this.sizes.has(index)) {
      throw unsupportedLayer(
        this.place(operator),
        'computes with the sizes of a tensor',
        'Export it with fixed sizes.',
      );
    }
    const name = this.model.tensors[index]?.name ?? 'nothing';
    if (this.model.tensors[index]?.data.length) {
      const problem = `reads the constant "${printable(name)}" where a computed tensor is expected`;
      throw unsupportedLayer(this.place(operator), problem, 'Fold constants when exporting the model.');
    }
    throw damagedModel(
      this.source,
      `holds a ${operator.name} that reads "${printable(name)}", which no earlier operator produces`,
    );
  }

  /** Records what an operator's output has become; its shape has to be the one in the file. */
  produce(operator: TfliteOperator, tensor: Tensor): void {
    const [index] = operator.outputs;
    if (index === undefined || operator.outputs.length > 1) {
      throw unsupportedLayer(this.place(operator), `has ${operator.outputs.length} outputs`, 'Use it with one output.');
    }
    const [height, width, channels] = this.graph.shapeOf(tensor);
    const [top, right, bottom, left] = tensor.padding ?? [0, 0, 0, 0];
    const found = [height + top + bottom, width + left + right, channels];
    const stated = shapeOf(this.place(operator), this.model.tensors[index]);
    if (found.some((size, axis) => size !== stated[axis])) {
      const problem = `states a shape of ${stated.join('×')} for "${printable(this.model.tensors[index].name)}", which comes out as ${found.join('×')}`;
      throw damagedModel(this.source, problem);
    }
    this.produced.set(index, tensor);
  }

  /** Makes an operator's output stand for its constant operand. */
  alias(operator: TfliteOperator): void {
    const [from, to] = [operator.inputs[0], operator.outputs[0]];
    this.aliases.set(to, this.aliases.get(from) ?? from);
  }

  /** Whether an operator handles sizes alone: SHAPE, and what is computed of one. */
  takesSizes(operator: TfliteOperator): boolean {
    const ofSizes = operator.name === 'SHAPE' || operator.inputs.some((index) => this.sizes.has(index));
    const handles = ['SHAPE', 'STRIDED_SLICE', 'PACK', 'CAST', 'GATHER', 'CONCATENATION'].includes(operator.name);
    if (ofSizes && handles) for (const index of operator.outputs) this.sizes.add(index);
    return ofSizes && handles;
  }

  /** The shape that the file states for an operator's output. */
  outputShape(operator: TfliteOperator): Shape {
    return shapeOf(this.place(operator), this.output(operator));
  }

  output(operator: TfliteOperator): TfliteTensor {
    const tensor = this.model.tensors[operator.outputs[0] ?? -1];
    if (!tensor) throw damagedModel(this.source, `holds a ${operator.name} without an output`);
    return tensor;
  }

  /** The 8-bit format of an operator's output; undefined for a real one. */
  outputFormat(operator: TfliteOperator): StoredFormat | undefined {
    return formatOf(this.place(operator), this.output(operator));
  }

  fused(operator: TfliteOperator, field: number): Activation {
    const name = FUSED[operator.options?.int8(field) ?? 0] ?? 'an unknown function';
    if (name === 'none' || name === 'relu' || name === 'relu6') return name;
    throw unsupportedLayer(this.place(operator), `ends in ${name}`, 'Use ReLU or ReLU6, or a layer of its own.');
  }

  /** The output tensor of the whole graph. */
  result(): Tensor {
    const [index] = this.model.outputs;
    const tensor = this.produced.get(index);
    if (!tensor)
      throw damagedModel(
        this.source,
        `has an output, "${printable(this.model.tensors[index].name)}", that nothing produces`,
      );
    return tensor;
  }
}

function damagedOrMany(source: string, inputs: number, outputs: number) {
  const place = { source, op: 'graph', layer: 'model' };
  const remedy = 'Export a network with one input and one output.';
  return unsupportedLayer(place, `has ${inputs} inputs and ${outputs} outputs`, remedy);
}

/** Height, width and channels of a tensor with a batch of one; missing axes count from the last. */
export function shapeOf(place: Place, { name, shape }: TfliteTensor): Shape {
  if (shape.length > 1 && shape[0] !== 1) {
    const problem = `has a tensor "${printable(name)}" for a batch of ${shape[0]}`;
    throw unsupportedLayer(place, problem, 'Export the model with a batch of one.');
  }
  const sizes = shape.length > 1 ? shape.slice(1) : shape;
  if (sizes.length > 3) {
    const problem = `has a tensor "${printable(name)}" of ${shape.length} axes`;
    throw unsupportedLayer(place, problem, 'Networks of up to four axes, batch included, are read.');
  }
  countElements(place.source, sizes);
  const padded = [1, 1, 1, ...sizes].slice(-3);
  return [padded[0], padded[1], padded[2]];
}

/** The 8-bit format of an activation: int8 counts from −128, ours from 0. */
export function formatOf(place: Place, tensor: TfliteTensor): StoredFormat | undefined {
  const { type, name, scales, zeroPoints } = tensor;
  if (type === 'float32') return undefined;
  if (type !== 'int8' && type !== 'uint8') {
    const remedy = 'Convert the model to float32, or with full-integer quantization to int8.';
    throw unsupportedLayer(place, `has a tensor "${printable(name)}" of type ${type}`, remedy);
  }
  const offset = type === 'int8' ? 128 : 0;
  const [scale, zeroPoint] = [scales[0], (zeroPoints[0] ?? 0) + offset];
  const sound = scales.length === 1 && isSoundScale(scale) && zeroPoint >= 0 && zeroPoint <= 255;
  if (sound && Number.isInteger(zeroPoint)) return { scale, zeroPoint };
  const problem = `has a tensor "${printable(name)}" of ${type} with ${scales.length} scales, the first being ${scale} with zero point ${zeroPoints[0]}`;
  throw unsupportedLayer(place, problem, 'Quantize activations with one positive scale for each tensor.');
}

/** A constant's numbers: reals are dequantized, integers come as they are if `raw`. */
export function readConstant(place: Place, tensor: TfliteTensor, raw: 'raw' | 'real'): Float64Array {
  const { type, name, data, shape, scales, zeroPoints, quantizedAxis } = tensor;
  const bytes = ELEMENT_BYTES[type];
  const count = countElements(place.source, shape);
  if (bytes === undefined) {
    throw unsupportedLayer(
      place,
      `has a constant "${printable(name)}" of an unknown type`,
      'Convert the model to float32 or int8.',
    );
  }
  if (data.length !== count * bytes) {
    throw damagedModel(place.source, `holds ${data.length} bytes of "${printable(name)}" instead of ${count * bytes}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = Float64Array.from({ length: count }, (_, i) => readElement(view, i * bytes, type));
  if (raw === 'raw' || type === 'float32' || type === 'float16' || scales.length === 0) return values;
  const axis = scales.length > 1 ? quantizedAxis : 0;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channels = scales.length > 1 ? shape[axis] : 1;
  if (scales.length > 1 && scales.length !== channels) {
    throw damagedModel(place.source, `holds ${scales.length} scales for ${channels} channels of "${printable(name)}"`);
  }
  if (!scales.every(isSoundScale) || (zeroPoints.length > 1 && zeroPoints.length !== channels)) {
    throw damagedModel(place.source, `holds "${printable(name)}" with scales or zero points that are no sound ones`);
  }
  return values.map((q, i) => {
    const channel = scales.length > 1 ? Math.floor(i / inner) % channels : 0;
    return (q - (zeroPoints[zeroPoints.length > 1 ? channel : 0] ?? 0)) * scales[channel];
  });
}

function readElement(view: DataView, at: number, type: TfliteTensor['type']): number {
  switch (type) {
    case 'float32':
      return view.getFloat32(at, true);
    case 'float16':
      return halfToNumber(view.getUint16(at, true));
    case 'int32':
      return view.getInt32(at, true);
    case 'int64':
      return Number(view.getBigInt64(at, true));
    case 'int16':
      return view.getInt16(at, true);
    case 'uint8':
      return view.getUint8(at);
    default:
      return view.getInt8(at);
  }
}
