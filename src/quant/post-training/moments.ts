/**
 * First and second moments of what a layer's weights are multiplied with, over calibration images: of the K values that one
 * output is a sum over, in the order of the weights (kernel height, width, channel), padding counted as the zeros it is.
 */
export interface InputMoments {
  /** K means; grouped convolutions have one set of K a group, one behind another. */
  mean: Float64Array;
  /** K × K means of products, row-major; one matrix a group. */
  products: Float64Array;
  /** K. */
  inputs: number;
  groups: number;
}

/** Adds up moments; sums run in the order of the samples, in double precision, so they are the same on every engine. */
export class MomentSums {
  private readonly mean: Float64Array;
  private readonly products: Float64Array;
  private readonly inputs: number;
  private readonly groups: number;
  private samples = 0;

  constructor(inputs: number, groups: number) {
    this.inputs = inputs;
    this.groups = groups;
    this.mean = new Float64Array(groups * inputs);
    this.products = new Float64Array(groups * inputs * inputs);
  }

  /** One sample: K values for each group. */
  add(values: Float64Array): void {
    const { inputs, groups, mean, products } = this;
    for (let group = 0; group < groups; group++) {
      const start = group * inputs;
      for (let i = 0; i < inputs; i++) {
        const value = values[start + i];
        if (value === 0) continue; // half of the rectified values
        mean[start + i] += value;
        const row = (start + i) * inputs;
        for (let j = i; j < inputs; j++) products[row + j] += value * values[start + j];
      }
    }
    this.samples++;
  }

  moments(): InputMoments {
    const { inputs, groups, samples } = this;
    const mean = this.mean.map((sum) => sum / samples);
    const products = new Float64Array(this.products.length);
    for (let row = 0; row < groups * inputs; row++) {
      const group = Math.floor(row / inputs) * inputs;
      for (let j = row - group; j < inputs; j++) {
        const value = this.products[row * inputs + j] / samples;
        products[row * inputs + j] = value;
        products[(group + j) * inputs + (row - group)] = value;
      }
    }
    return { mean, products, inputs, groups };
  }
}
