import type { StoredFormat } from '../../types.ts';
import { damagedModel, unsupportedLayer } from '../failures.ts';
import type { Computed, OnnxContext } from './context.ts';
import { importActivation, importConcat, importMean } from './elementwise.ts';
import { importQuantizedGemm } from './layers.ts';
import type { OnnxNode } from './model.ts';
import { integerFormat, statedFormat } from './quantization.ts';
import { importPool } from './windows.ts';

type Importer = (context: OnnxContext, node: OnnxNode) => Computed;

/**
 * Operators between 8-bit tensors that are no part of ONNX itself, but of what its runtime's quantizer writes beside
 * QLinearConv and QLinearMatMul.
 *
 * @see https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const CONTRIBUTED: Readonly<Record<string, Importer>> = {
  'com.microsoft.QLinearAdd': importSum,
  'com.microsoft.QLinearConcat': importJoined,
  'com.microsoft.QLinearAveragePool': oneOperand((context, node) => importPool(context, node, 'averagePool')),
  'com.microsoft.QLinearGlobalAveragePool': oneOperand(importMean),
  'com.microsoft.QLinearSigmoid': oneOperand((context, node) => importActivation(context, node, 'sigmoid')),
  'com.microsoft.QGemm': importQuantizedGemm,
};

/** An operator whose operands are x with its scale and zero point, and scale and zero point of the result. */
function oneOperand(run: Importer): Importer {
  return (context, node) => {
    if (context.int(node, 'channels_last', 0) !== 0) {
      throw unsupportedLayer(context.place(node), 'has its channels last', 'Export it with the channels first.');
    }
    statedFormat(context, node, 0);
    const format = resultFormat(context, node, 3);
    const value = run(context, { ...node, inputs: node.inputs.slice(0, 1) });
    return { ...value, tensor: context.graph.quantize(node.name, value.tensor, format) };
  };
}

/** a and b with their scales and zero points, then those of the sum. */
function importSum(context: OnnxContext, node: OnnxNode): Computed {
  const [a, b] = [context.value(node, 0), context.value(node, 3)];
  statedFormat(context, node, 0);
  statedFormat(context, node, 3);
  if (a.dims.join() !== b.dims.join() || JSON.stringify(a.layout) !== JSON.stringify(b.layout)) {
    const problem = `adds ${a.dims.join('×')} to ${b.dims.join('×')}`;
    throw unsupportedLayer(context.place(node), problem, 'Operands of an addition have to be of one shape.');
  }
  return { ...a, tensor: context.graph.join(node.name, [a.tensor, b.tensor], 'add', resultFormat(context, node, 6)) };
}

/** Scale and zero point of the result, then each part with its own. */
function importJoined(context: OnnxContext, node: OnnxNode): Computed {
  const parts = (node.inputs.length - 2) / 3;
  if (!Number.isInteger(parts) || parts < 1) {
    throw damagedModel(context.source, `holds a ${node.op} of ${node.inputs.length} operands`);
  }
  const at = Array.from({ length: parts }, (_, i) => 2 + 3 * i);
  for (const position of at) statedFormat(context, node, position);
  const inputs = at.map((position) => node.inputs[position]);
  const joined = importConcat(context, { ...node, inputs });
  return { ...joined, tensor: context.graph.quantize(node.name, joined.tensor, resultFormat(context, node, 0)) };
}

function resultFormat(context: OnnxContext, node: OnnxNode, position: number): StoredFormat {
  const zeroPoint = context.optional(node, position + 1);
  return integerFormat(
    context.place(node),
    context.constant(node, position),
    zeroPoint,
    zeroPoint?.type ?? context.integerInput ?? 'uint8',
  );
}
