import type { Random } from '../../core/random.ts';
import { type Arithmetic, type Matrix, matrix, roundUp } from './arithmetic.ts';

/** One fully connected layer, sides rounded up to multiples of 8; what lies beyond the true sides is 0 and stays so. */
interface Layer {
  weights: Matrix;
  bias: Float32Array;
  weightGradient: Matrix;
  biasGradient: Float32Array;
  /** Where the gradient with respect to the layer's input needs the weights turned. */
  turned: Matrix;
  moments: Float32Array[];
}

/** Parameters of each layer: weights [inputs][outputs] row by row, then biases [outputs]. */
export type MlpParameters = readonly { weights: Float32Array; bias: Float32Array }[];

/** How parameters are moved. */
export interface MlpStep {
  rate: number;
  decay: number;
}

const FIRST_KEPT = 0.9;
const SECOND_KEPT = 0.999;

/**
 * A multilayer perceptron with one output: fully connected layers with rectifiers between them, in f32. Deterministic to
 * the bit on every engine.
 *
 * @example Mlp.bytes([2, 8, 1], 8) > 0 // => true
 */
export class Mlp {
  /** Inputs, units of each hidden layer, 1. */
  readonly sizes: readonly number[];
  /** Rows of a batch. */
  readonly batch: number;
  private readonly arithmetic: Arithmetic;
  private readonly layers: Layer[];
  /** Inputs of each layer, then the output. */
  private readonly values: Matrix[];
  private readonly gradients: Matrix[];
  private steps = { first: 1, second: 1 };

  /**
   * @param batch rows that are run at a time, a multiple of 8.
   */
  constructor(arithmetic: Arithmetic, sizes: readonly number[], batch: number) {
    this.arithmetic = arithmetic;
    this.sizes = sizes;
    this.batch = batch;
    this.layers = sizes.slice(1).map((outputs, i) => {
      const weights = matrix(arithmetic, sizes[i], outputs);
      const bias = arithmetic.allocate(weights.columns);
      return {
        weights,
        bias,
        weightGradient: matrix(arithmetic, sizes[i], outputs),
        biasGradient: arithmetic.allocate(bias.length),
        turned: matrix(arithmetic, outputs, sizes[i]),
        moments: [weights.values, weights.values, bias, bias].map(({ length }) => arithmetic.allocate(length)),
      };
    });
    this.values = sizes.map((size) => matrix(arithmetic, batch, size));
    this.gradients = sizes.map((size) => matrix(arithmetic, batch, size));
  }

  /** Bytes that networks of these sizes allocate, with room to spare. */
  static bytes(sizes: readonly number[], batch: number): number {
    const sides = sizes.map(roundUp);
    let count = sides.reduce((sum, side) => sum + 2 * batch * side + 64, 0);
    for (let i = 1; i < sides.length; i++) count += 5 * sides[i - 1] * sides[i] + 4 * sides[i] + 64;
    return 4 * count;
  }

  /** Draws weights uniformly within He's bound, √(6 / inputs); biases are 0. */
  initialise(random: Random): void {
    this.layers.forEach(({ weights, bias, moments }, i) => {
      const [inputs, outputs] = [this.sizes[i], this.sizes[i + 1]];
      const bound = Math.sqrt(6 / inputs);
      weights.values.fill(0);
      for (let k = 0; k < inputs; k++) {
        for (let n = 0; n < outputs; n++) weights.values[k * weights.columns + n] = (2 * random.real() - 1) * bound;
      }
      bias.fill(0);
      for (const moment of moments) moment.fill(0);
    });
    this.steps = { first: 1, second: 1 };
  }

  /** A copy of all parameters, without padding. */
  parameters(): MlpParameters {
    return this.layers.map(({ weights, bias }, i) => {
      const [inputs, outputs] = [this.sizes[i], this.sizes[i + 1]];
      const own = new Float32Array(inputs * outputs);
      for (let k = 0; k < inputs; k++) {
        own.set(weights.values.subarray(k * weights.columns, k * weights.columns + outputs), k * outputs);
      }
      return { weights: own, bias: bias.slice(0, outputs) };
    });
  }

  /**
   * Sets all parameters; the optimiser starts afresh. A first layer of fewer inputs than this network's leaves the weights
   * of the further inputs 0, so that they change nothing until they are trained.
   */
  restore(parameters: MlpParameters): void {
    this.layers.forEach(({ weights, bias, moments }, i) => {
      const outputs = this.sizes[i + 1];
      const own = parameters[i];
      weights.values.fill(0);
      for (let k = 0; k * outputs < own.weights.length; k++) {
        weights.values.set(own.weights.subarray(k * outputs, (k + 1) * outputs), k * weights.columns);
      }
      bias.fill(0);
      bias.set(own.bias);
      for (const moment of moments) moment.fill(0);
    });
    this.steps = { first: 1, second: 1 };
  }

  /**
   * Runs rows of a table of inputs, [row][input].
   *
   * @param rows indices of the rows; any number.
   */
  predict(inputs: Float32Array, rows: readonly number[]): Float64Array {
    const results = new Float64Array(rows.length);
    for (let start = 0; start < rows.length; start += this.batch) {
      const batch = rows.slice(start, start + this.batch);
      this.forward(inputs, batch);
      this.outputs(batch.length).forEach((value, i) => {
        results[start + i] = value;
      });
    }
    return results;
  }

  /**
   * The mean squared error over a batch, leaving its gradient with respect to all parameters in the network.
   *
   * @param rows at most `batch` of them.
   */
  differentiate(inputs: Float32Array, targets: ArrayLike<number>, rows: readonly number[]): number {
    const { arithmetic, layers, values, gradients } = this;
    this.forward(inputs, rows);
    const last = gradients[gradients.length - 1];
    last.values.fill(0);
    let loss = 0;
    this.outputs(rows.length).forEach((output, i) => {
      const error = output - targets[rows[i]];
      loss += (error * error) / rows.length;
      last.values[i * last.columns] = (2 * error) / rows.length;
    });
    for (let i = layers.length - 1; i >= 0; i--) {
      const { weights, weightGradient, biasGradient, turned } = layers[i];
      arithmetic.multiply(values[i], gradients[i + 1], weightGradient, true);
      arithmetic.sumColumns(gradients[i + 1], biasGradient);
      if (i === 0) break;
      arithmetic.transpose(weights, turned);
      arithmetic.multiply(gradients[i + 1], turned, gradients[i]);
      arithmetic.mask(gradients[i], values[i]);
    }
    return loss;
  }

  /** The gradient that `differentiate` left, as the parameters are laid out. */
  gradient(): MlpParameters {
    return this.layers.map(({ weightGradient: { values, columns }, biasGradient }, i) => {
      const [inputs, outputs] = [this.sizes[i], this.sizes[i + 1]];
      const own = new Float32Array(inputs * outputs);
      for (let k = 0; k < inputs; k++) own.set(values.subarray(k * columns, k * columns + outputs), k * outputs);
      return { weights: own, bias: biasGradient.slice(0, outputs) };
    });
  }

  /** One step of Adam along the gradient that `differentiate` left; biases do not decay. */
  step({ rate, decay }: MlpStep): void {
    this.steps.first *= FIRST_KEPT;
    this.steps.second *= SECOND_KEPT;
    const firstScale = 1 / (1 - this.steps.first);
    const secondScale = 1 / (1 - this.steps.second);
    const moved = { rate, decay, firstKept: FIRST_KEPT, secondKept: SECOND_KEPT, firstScale, secondScale };
    for (const { weights, bias, weightGradient, biasGradient, moments } of this.layers) {
      this.arithmetic.adam(weights.values, weightGradient.values, moments[0], moments[1], moved);
      this.arithmetic.adam(bias, biasGradient, moments[2], moments[3], { ...moved, decay: 0 });
    }
  }

  private forward(inputs: Float32Array, rows: readonly number[]): void {
    const { arithmetic, layers, values } = this;
    const [count] = this.sizes;
    values[0].values.fill(0);
    rows.forEach((row, i) => {
      values[0].values.set(inputs.subarray(row * count, (row + 1) * count), i * values[0].columns);
    });
    layers.forEach(({ weights, bias }, i) => {
      arithmetic.multiply(values[i], weights, values[i + 1]);
      arithmetic.addBias(values[i + 1], bias, i + 1 < layers.length);
    });
  }

  private outputs(count: number): number[] {
    const { values, columns } = this.values[this.values.length - 1];
    return Array.from({ length: count }, (_, i) => values[i * columns]);
  }
}
