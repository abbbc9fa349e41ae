import { assert } from '../../core/errors.ts';
import type { ActivationFunction } from '../../network/types.ts';
import type { LayerArithmetic } from '../arithmetic.ts';
import { exponential } from './softmax.ts';
import { type Elements, emptyOutput, greater, readReal, writeReal } from './tensors.ts';

const { fround } = Math;
const SIXTH = fround(1 / 6);

/** Every element through the layer's function: a table of 256 bytes where input and output are u8 in a u8 layer. */
export function referenceActivation(layer: LayerArithmetic, input: Elements): Elements {
  const output = emptyOutput(layer, input.length);
  for (let i = 0; i < input.length; i++) {
    output[i] = layer.scheme === 'u8' ? layer.table![input[i]] : activated(layer, input, i);
  }
  return output;
}

/**
 * The table of a u8 activation: what the f32 layer between the same tensors would write for each of the 256 inputs.
 *
 * @param layer with the formats of its tensors and its clamp, not yet with a table.
 */
export function activationTable(layer: LayerArithmetic): Uint8Array {
  assert(layer.input.type === 'u8' && layer.output.type === 'u8', `${layer.name} has a table between u8 tensors`);
  const real = { ...layer, outputMultiplier: fround(1 / layer.output.scale) };
  const inputs = Uint8Array.from({ length: 256 }, (_, q) => q);
  return inputs.map((q) => activated(real, inputs, q));
}

function activated(layer: LayerArithmetic, input: Elements, index: number): number {
  return writeReal(
    layer,
    activate(layer.workload.activation as ActivationFunction, readReal(input, index, layer.input)),
  );
}

/**
 * One function value in f32 operations alone; ReLU and ReLU6 are left to the layer's clamp.
 * hardSwish: (x·clamp(x + 3, 0, 6))·f32(1/6). sigmoid: with e = exponential(−|x|), 1/(1 + e) for x ≥ 0, else e/(1 + e).
 *
 * @example activate('sigmoid', 0) // => 0.5
 */
export function activate(activation: ActivationFunction, x: number): number {
  if (activation === 'hardSwish') {
    const gate = Math.min(greater(fround(x + 3), 0), 6);
    return fround(fround(x * gate) * SIXTH);
  }
  if (activation === 'sigmoid') {
    const e = exponential(-Math.abs(x));
    return fround((x < 0 ? e : 1) / fround(1 + e));
  }
  return x;
}
