import { assert } from '../../core/errors.ts';
import { outputSize } from '../../network/workload.ts';
import type { LayerArithmetic } from '../arithmetic.ts';
import { referenceActivation } from './activation.ts';
import { referenceConvolution } from './convolution.ts';
import { addInFixedPoint, averageInFixedPoint, finishSums, summingLayer } from './fixed-point.ts';
import { referenceAdd, referenceConcat, referencePool, referenceSubsample } from './pool-add.ts';
import { referenceSoftmax } from './softmax.ts';
import type { Elements } from './tensors.ts';

/**
 * The oracle: executes one layer exactly as `LayerArithmetic` says, in the slowest and most obvious way. Every kernel
 * must give the same bits.
 *
 * @param residual the second tensor of a conv2d with residual, or the second operand of an add or concat.
 */
export function runReference(layer: LayerArithmetic, input: Elements, residual?: Elements): Elements {
  if (layer.fixedPoint) return runInFixedPoint(layer, input as Uint8Array, residual as Uint8Array | undefined);
  switch (layer.workload.op) {
    case 'conv2d':
    case 'dense':
      return referenceConvolution(layer, input, residual);
    case 'averagePool':
    case 'maxPool':
    case 'globalAveragePool':
      return referencePool(layer, input);
    case 'add':
      assert(residual, `the add ${layer.name} has a second operand`);
      return referenceAdd(layer, input, residual);
    case 'concat':
      assert(residual, `the concat ${layer.name} has a second operand`);
      return referenceConcat(layer, input, residual);
    case 'activation':
      return referenceActivation(layer, input);
    case 'subsample':
      return referenceSubsample(layer, input);
    case 'softmax':
      return referenceSoftmax(layer, input);
  }
}

function runInFixedPoint(layer: LayerArithmetic, input: Uint8Array, operand?: Uint8Array): Uint8Array {
  const { op, inChannels } = layer.workload;
  if (op === 'add') {
    const output = new Uint8Array(input.length);
    addInFixedPoint(layer, input, operand!, output);
    return output;
  }
  if (op === 'averagePool') {
    const [height, width] = outputSize(layer.workload);
    const output = new Uint8Array(height * width * inChannels);
    averageInFixedPoint(layer, input, output);
    return output;
  }
  const sums = referenceConvolution(summingLayer(layer), input) as Float32Array;
  const output = new Uint8Array(sums.length);
  finishSums(layer, sums, output);
  return output;
}
