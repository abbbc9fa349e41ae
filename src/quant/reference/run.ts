import { assert } from '../../core/errors.ts';
import type { LayerArithmetic } from '../arithmetic.ts';
import { referenceActivation } from './activation.ts';
import { referenceConvolution } from './convolution.ts';
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
