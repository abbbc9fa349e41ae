import { damagedModel, unsupportedLayer } from '../failures.ts';
import { assertCount, LIMITS } from '../limits.ts';
import { type OnnxTensor, readTensor } from './tensors.ts';
import { WireMessage } from './wire.ts';

export interface OnnxNode {
  op: string;
  name: string;
  /** Names of values; empty for one that is left out. */
  inputs: string[];
  outputs: string[];
  attributes: Map<string, WireMessage>;
}

export interface OnnxInput {
  name: string;
  /** Number of the element type. */
  type: number;
  /** −1 where a size is left open. */
  dims: number[];
}

/** The graph of a model, as the file has it. */
export interface OnnxModel {
  opset: number;
  nodes: OnnxNode[];
  initializers: Map<string, OnnxTensor>;
  /** Without those that an initializer stands for. */
  inputs: OnnxInput[];
  outputs: string[];
}

/** The newest operator set in which the operators here mean what they do; the last three added element types alone. */
const NEWEST_OPSET = 25;

/** @throws {BitbudgetError} `damaged-file`; RangeError for a file that points outside itself. */
export function readOnnxModel(bytes: Uint8Array, source: string): OnnxModel {
  const model = new WireMessage(bytes);
  const graph = model.message(7);
  if (!graph) throw damagedModel(source, 'is no ONNX model: it holds no graph');
  const opset = model
    .messages(8)
    .filter((entry) => ['', 'ai.onnx'].includes(entry.text(1)))
    .reduce((newest, entry) => Math.max(newest, entry.int(2)), 0);
  if (opset < 1) throw damagedModel(source, 'is no ONNX model: it names no operator set');
  if (opset > NEWEST_OPSET) {
    const problem = `is of operator set ${opset}`;
    throw unsupportedLayer({ source, op: 'graph', layer: 'model' }, problem, 'Export it with operator set 22.');
  }
  assertCount(source, 'layers', graph.count(1), LIMITS.layers);
  assertCount(source, 'tensors', graph.count(5), LIMITS.tensors);
  const initializers = new Map<string, OnnxTensor>();
  for (const message of graph.messages(5)) {
    const tensor = readTensor(message, source);
    initializers.set(tensor.name, tensor);
  }
  if (graph.has(15)) throw damagedModel(source, 'holds sparse weights, which are not read');
  return {
    opset,
    nodes: graph.messages(1).map((message) => readNode(message, source)),
    initializers,
    inputs: graph
      .messages(11)
      .map(readInput)
      .filter(({ name }) => !initializers.has(name)),
    outputs: graph.messages(12).map((message) => message.text(1)),
  };
}

function readNode(message: WireMessage, source: string): OnnxNode {
  assertCount(source, 'operands in one layer', Math.max(message.count(1), message.count(2)), LIMITS.operands);
  const domain = message.text(7);
  const op = message.text(4);
  const outputs = message.texts(2);
  return {
    op: domain === '' || domain === 'ai.onnx' ? op : `${domain}.${op}`,
    name: message.text(3) || outputs[0] || op,
    inputs: message.texts(1),
    outputs,
    attributes: new Map(message.messages(5).map((attribute) => [attribute.text(1), attribute])),
  };
}

function readInput(message: WireMessage): OnnxInput {
  const tensor = message.message(2)?.message(1);
  const dims = (tensor?.message(2)?.messages(1) ?? []).map((dim) => (dim.has(1) ? dim.int(1) : -1));
  return { name: message.text(1), type: tensor?.int(1) ?? 0, dims };
}
