import type { ActivationFunction, Layer, Padding, Pair } from '../../types.ts';
import { damagedModel, unsupportedLayer } from '../failures.ts';
import type { Tensor } from '../imported-graph.ts';
import { readConstant, type TfliteContext } from './context.ts';
import { importConvolution, importDense, importDepthwise, importIntegerScale, windowOf } from './layers.ts';
import type { TfliteOperator } from './model.ts';

type Importer = (context: TfliteContext, operator: TfliteOperator) => Tensor;

/** How each operator is taken over. */
const IMPORTERS: Readonly<Record<string, Importer>> = {
  CONV_2D: importConvolution,
  DEPTHWISE_CONV_2D: importDepthwise,
  FULLY_CONNECTED: importDense,
  AVERAGE_POOL_2D: (context, operator) => importPool(context, operator, 'averagePool'),
  MAX_POOL_2D: (context, operator) => importPool(context, operator, 'maxPool'),
  MEAN: importMean,
  ADD: importSum,
  SUB: (context, operator) => importScale(context, operator),
  MUL: (context, operator) => importScale(context, operator),
  DIV: (context, operator) => importScale(context, operator),
  CONCATENATION: importConcatenation,
  PAD: importPadding,
  PADV2: importPadding,
  RELU: (context, operator) => importActivation(context, operator, 'relu'),
  RELU6: (context, operator) => importActivation(context, operator, 'relu6'),
  HARD_SWISH: (context, operator) => importActivation(context, operator, 'hardSwish'),
  LOGISTIC: (context, operator) => importActivation(context, operator, 'sigmoid'),
  SOFTMAX: importSoftmax,
  RESHAPE: importReshape,
  SQUEEZE: importReshape,
  EXPAND_DIMS: importReshape,
  QUANTIZE: importQuantize,
  DEQUANTIZE: (context, operator) => context.activation(operator, 0),
};

/**
 * Takes one operator over.
 *
 * @throws {BitbudgetError} `unsupported` naming the layer, `damaged-file`.
 */
export function importOperator(context: TfliteContext, operator: TfliteOperator): void {
  if (context.takesSizes(operator)) return;
  if (operator.name === 'DEQUANTIZE' && context.isConstant(operator, 0)) {
    context.alias(operator);
    return;
  }
  const run = Object.hasOwn(IMPORTERS, operator.name) ? IMPORTERS[operator.name] : undefined;
  if (!run) {
    const remedy = `Replace the layer before exporting; these operators are read: ${Object.keys(IMPORTERS).join(', ')}.`;
    throw unsupportedLayer(context.place(operator), 'is of a kind that is not supported', remedy);
  }
  context.produce(operator, run(context, operator));
}

function importPool(context: TfliteContext, operator: TfliteOperator, op: 'averagePool' | 'maxPool'): Tensor {
  const { options } = operator;
  const kernel: Pair = [options?.int32(4) ?? 0, options?.int32(3) ?? 0];
  if (kernel.some((size) => size < 1 || size > 2 ** 16))
    throw damagedModel(context.source, `holds a window of ${kernel.join('×')}`);
  const input = context.activation(operator, 0);
  const window = windowOf(context, operator, input, kernel, { stride: [2, 1] });
  const stored = context.outputFormat(operator);
  const { layer } = context.place(operator);
  const pooled = context.graph.pool(layer, input, op, window, stored);
  const activation = context.fused(operator, 5);
  return activation === 'none' ? pooled : context.graph.activation(layer, pooled, activation, stored);
}

function importMean(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const rank = context.operand(operator, 0).shape.length;
  const axes = context.shortList(operator, 1).map((axis) => (axis < 0 ? axis + rank : axis));
  if (rank !== 4 || axes.sort().join() !== '1,2') {
    const problem = `takes the mean over axes ${axes.join(', ')} of ${rank}`;
    throw unsupportedLayer(place, problem, 'The mean over height and width is supported.');
  }
  const stored = context.outputFormat(operator);
  const layer: Layer = { op: 'globalAveragePool', name: place.layer, inputs: [], ...(stored && { stored }) };
  return context.graph.unary(context.activation(operator, 0), layer);
}

function importSum(context: TfliteContext, operator: TfliteOperator): Tensor {
  if (context.isConstant(operator, 0) || context.isConstant(operator, 1)) return importScale(context, operator);
  const place = context.place(operator);
  const operands = [context.activation(operator, 0), context.activation(operator, 1)];
  const [a, b] = operands.map((operand) => context.graph.shapeOf(context.graph.plain(operand)).join('×'));
  if (a !== b) {
    throw unsupportedLayer(place, `adds ${a} to ${b}`, 'Operands of an addition have to be of one shape, or constant.');
  }
  return context.graph.join(place.layer, operands, 'add', context.outputFormat(operator), context.fused(operator, 0));
}

/** ADD, SUB, MUL and DIV with a constant: one number, or one a channel. */
function importScale(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const first = context.isConstant(operator, 0);
  const operand = context.operand(operator, first ? 0 : 1);
  const reversed = first && (operator.name === 'SUB' || operator.name === 'DIV');
  if ((!first && !context.isConstant(operator, 1)) || reversed) {
    const remedy = 'Arithmetic with one constant, or one for each channel, is supported: x + c, x − c, x · c, x / c.';
    throw unsupportedLayer(place, 'is no arithmetic of a tensor with a constant', remedy);
  }
  const input = context.activation(operator, first ? 1 : 0);
  const stored = context.outputFormat(operator);
  if (stored) {
    if (operator.name === 'MUL') return importIntegerScale(context, operator, input, operand, stored);
    const problem = 'computes with a constant between 8-bit tensors';
    throw unsupportedLayer(place, problem, 'Fold it into the convolution before it, or keep it in float32.');
  }
  const values = readConstant(place, operand, 'real');
  const count = values.length;
  const map = (f: (c: number) => number) => Float32Array.from(values, f);
  const scale = operator.name === 'MUL' ? map((c) => c) : operator.name === 'DIV' ? map((c) => 1 / c) : map(() => 1);
  const shift =
    operator.name === 'ADD' ? map((c) => c) : operator.name === 'SUB' ? map((c) => -c) : new Float32Array(count);
  const scaled = context.graph.scaleAndShift(place.layer, input, scale, shift);
  const activation = context.fused(operator, 0);
  return activation === 'none' ? scaled : context.graph.activation(place.layer, scaled, activation);
}

function importConcatenation(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const rank = context.output(operator).shape.length;
  const axis = operator.options?.int32(0) ?? 0;
  if ((axis < 0 ? axis + rank : axis) !== rank - 1) {
    throw unsupportedLayer(place, `joins tensors along axis ${axis}`, 'Joining along the channels is supported.');
  }
  const operands = operator.inputs.map((_, i) => context.activation(operator, i));
  if (operands.length === 0) throw damagedModel(context.source, 'holds a CONCATENATION of nothing');
  const stored = context.outputFormat(operator);
  const joined = context.graph.join(place.layer, operands, 'concat', stored);
  const activation = context.fused(operator, 1);
  return activation === 'none' ? joined : context.graph.activation(place.layer, joined, activation, stored);
}

/** Rows of [before, after] by axis. */
function importPadding(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const amounts = context.shortList(operator, 1);
  const rank = context.operand(operator, 0).shape.length;
  if (amounts.length !== 2 * rank || amounts.some((amount) => amount < 0 || amount > 2 ** 16)) {
    throw damagedModel(context.source, `holds a ${operator.name} of ${amounts.join(', ')}`);
  }
  if (context.hasOperand(operator, 2)) {
    const constant = context.operand(operator, 2);
    if (!context.isConstant(operator, 2) || constant.shape.some((size) => size !== 1)) {
      throw unsupportedLayer(place, 'computes what it pads with', 'Padding with zeros is supported.');
    }
    const [value] = readConstant(place, constant, 'real');
    if (value !== 0) throw unsupportedLayer(place, `pads with ${value}`, 'Padding with zeros is supported.');
  }
  const all = [...new Array<number>(Math.max(8 - amounts.length, 0)).fill(0), ...amounts];
  const [batch, rows, columns, channels] = [0, 2, 4, 6].map((at) => [all[at], all[at + 1]]);
  if (rank < 4 || batch.some((amount) => amount > 0)) {
    throw unsupportedLayer(
      place,
      'pads an axis that is none of an image',
      'Pad height, width or channels of four axes.',
    );
  }
  const padding: Padding = [rows[0], columns[1], rows[1], columns[0]];
  const input = context.activation(operator, 0);
  if (channels.every((amount) => amount === 0)) return context.graph.pad(input, padding);
  const widened = context.graph.padChannels(place.layer, input, channels[0], channels[1]);
  return padding.some((amount) => amount > 0) ? context.graph.pad(widened, padding) : widened;
}

function importActivation(context: TfliteContext, operator: TfliteOperator, activation: ActivationFunction): Tensor {
  const { layer } = context.place(operator);
  return context.graph.activation(layer, context.activation(operator, 0), activation, context.outputFormat(operator));
}

function importSoftmax(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const beta = operator.options?.float32(0) ?? 0;
  if (beta !== 1) throw unsupportedLayer(place, `has a beta of ${beta}`, 'A softmax with beta 1 is supported.');
  return context.graph.unary(context.activation(operator, 0), { op: 'softmax', name: place.layer, inputs: [] });
}

/** The target is the shape that the file states for the output. */
function importReshape(context: TfliteContext, operator: TfliteOperator): Tensor {
  const { layer } = context.place(operator);
  return context.graph.reshape(layer, context.activation(operator, 0), context.outputShape(operator));
}

function importQuantize(context: TfliteContext, operator: TfliteOperator): Tensor {
  const place = context.place(operator);
  const format = context.outputFormat(operator);
  if (!format) throw unsupportedLayer(place, 'quantizes to reals', 'Convert the model again.');
  return context.graph.quantize(place.layer, context.activation(operator, 0), format);
}
