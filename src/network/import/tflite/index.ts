import type { Network } from '../../types.ts';
import { parseHostile } from '../failures.ts';
import { assertModelSize } from '../limits.ts';
import { pixelsOf } from '../pixels.ts';
import { TfliteContext } from './context.ts';
import { readTfliteModel } from './model.ts';
import { importOperator } from './operators.ts';

/**
 * Reads a TFLite model: float32, or fully quantized to int8 or uint8, whose layers then keep the model's own integers,
 * scales and zero points (int8 values are kept 128 higher, as unsigned bytes).
 *
 * @param bytes the file's content; nothing of it is trusted.
 * @param name of the network, and of the file in errors.
 * @throws {BitbudgetError} `damaged-file`; `unsupported` naming the layer that cannot be taken over and what to do.
 * @see https://www.tensorflow.org/lite/performance/quantization_spec
 */
export function importTflite(bytes: Uint8Array, name: string): Network {
  assertModelSize(name, bytes);
  return parseHostile(name, () => {
    const context = new TfliteContext(name, readTfliteModel(bytes, name), bytes.length);
    for (const operator of context.model.operators) importOperator(context, operator);
    const { graph } = context;
    return graph.finish(name, context.result(), pixelsOf(graph.inputShape[2], graph.inputFormat));
  });
}
