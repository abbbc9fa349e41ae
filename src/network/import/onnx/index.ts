import type { Network } from '../../types.ts';
import { parseHostile } from '../failures.ts';
import { assertModelSize } from '../limits.ts';
import { pixelsOf } from '../pixels.ts';
import { OnnxContext } from './context.ts';
import { readOnnxModel } from './model.ts';
import { importNode } from './operators.ts';
import type { OnnxTensor } from './tensors.ts';

export interface OnnxOptions {
  /** Inputs of the graph that are constants, such as the weights of an operator's test. */
  constants?: ReadonlyMap<string, OnnxTensor>;
}

/**
 * Reads an ONNX model of operator sets up to 22: floats, or quantized with QuantizeLinear and DequantizeLinear or with the
 * QLinear operators, whose layers then keep the model's own integers. Channels come last in the network whatever they did
 * in the model: images are given as rows, columns, channels, and so are outputs that are images. A batch is taken as 1.
 *
 * @param bytes the file's content; nothing of it is trusted.
 * @param name of the network, and of the file in errors.
 * @throws {BitbudgetError} `damaged-file`; `unsupported` naming the layer that cannot be taken over and what to do.
 * @see https://onnx.ai/onnx/operators/
 */
export function importOnnx(bytes: Uint8Array, name: string, { constants }: OnnxOptions = {}): Network {
  assertModelSize(name, bytes);
  return parseHostile(name, () => {
    const model = readOnnxModel(bytes, name);
    for (const [input, tensor] of constants ?? []) model.initializers.set(input, tensor);
    const inputs = model.inputs.filter((input) => !constants?.has(input.name));
    const context = new OnnxContext(name, { ...model, inputs }, bytes.length);
    for (const node of model.nodes) importNode(context, node);
    const { graph } = context;
    return graph.finish(name, context.result(), pixelsOf(graph.inputShape[2], graph.inputFormat));
  });
}
