import { unsupportedLayer } from '../failures.ts';
import type { Computed, OnnxContext } from './context.ts';
import {
  importActivation,
  importArithmetic,
  importClip,
  importConcat,
  importDropout,
  importGlobalMax,
  importMean,
  importSoftmax,
} from './elementwise.ts';
import {
  importBatchNorm,
  importConv,
  importGemm,
  importMatMul,
  importQLinearConv,
  importQLinearMatMul,
} from './layers.ts';
import type { OnnxNode } from './model.ts';
import { CONTRIBUTED } from './qlinear.ts';
import { importDequantize, importQuantize } from './quantization.ts';
import { foldConstants, importFlatten, importReshape, importSqueeze, importTranspose } from './shaping.ts';
import { importPad, importPool } from './windows.ts';

/** How each operator is taken over; undefined stands for one whose output is a constant. */
const IMPORTERS: Readonly<Record<string, (context: OnnxContext, node: OnnxNode) => Computed | undefined>> = {
  Conv: importConv,
  Gemm: importGemm,
  MatMul: importMatMul,
  BatchNormalization: importBatchNorm,
  Add: importArithmetic,
  Sub: importArithmetic,
  Mul: importArithmetic,
  Div: importArithmetic,
  Concat: importConcat,
  Pad: importPad,
  AveragePool: (context, node) => importPool(context, node, 'averagePool'),
  MaxPool: (context, node) => importPool(context, node, 'maxPool'),
  GlobalAveragePool: importMean,
  GlobalMaxPool: importGlobalMax,
  ReduceMean: importMean,
  Relu: (context, node) => importActivation(context, node, 'relu'),
  HardSwish: (context, node) => importActivation(context, node, 'hardSwish'),
  Sigmoid: (context, node) => importActivation(context, node, 'sigmoid'),
  Clip: importClip,
  Softmax: importSoftmax,
  Reshape: importReshape,
  Flatten: importFlatten,
  Squeeze: importSqueeze,
  Unsqueeze: importSqueeze,
  Transpose: importTranspose,
  Identity: (context, node) => context.value(node, 0),
  Dropout: importDropout,
  QuantizeLinear: importQuantize,
  DequantizeLinear: importDequantize,
  QLinearConv: importQLinearConv,
  QLinearMatMul: importQLinearMatMul,
  ...CONTRIBUTED,
};

/** The operators that are read, constants apart. */
export const ONNX_OPERATORS: readonly string[] = Object.keys(IMPORTERS);

/**
 * Takes one node over.
 *
 * @throws {BitbudgetError} `unsupported` naming the layer, `damaged-file`.
 */
export function importNode(context: OnnxContext, node: OnnxNode): void {
  if (foldConstants(context, node)) return;
  const run = Object.hasOwn(IMPORTERS, node.op) ? IMPORTERS[node.op] : undefined;
  if (!run) {
    const remedy = `Replace the layer before exporting; these operators are read: ${ONNX_OPERATORS.join(', ')}.`;
    throw unsupportedLayer(context.place(node), 'is of a kind that is not supported', remedy);
  }
  const value = run(context, node);
  if (value) context.produce(node, value);
}
