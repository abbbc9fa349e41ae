import type { AdamStep, Arithmetic, Matrix } from './arithmetic.ts';

const { fround, sqrt } = Math;
const EPSILON = fround(1e-8);

/**
 * The arithmetic one number at a time: slow, and what the fast one is checked against bit for bit.
 *
 * @see Kingma and Ba, Adam, ICLR 2015; Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019.
 * @example new PlainArithmetic().allocate(8).length // => 8
 */
export class PlainArithmetic implements Arithmetic {
  allocate(length: number): Float32Array {
    return new Float32Array(length);
  }

  reset(): void {}

  multiply(a: Matrix, b: Matrix, result: Matrix, turned = false): void {
    const depth = turned ? a.rows : a.columns;
    const [rowStep, columnStep] = turned ? [1, a.columns] : [a.columns, 1];
    const wide = b.columns;
    for (let m = 0; m < result.rows; m++) {
      const row = result.values.subarray(m * wide, (m + 1) * wide).fill(0);
      for (let k = 0; k < depth; k++) {
        const x = a.values[m * rowStep + k * columnStep];
        for (let n = 0; n < wide; n++) row[n] = fround(row[n] + fround(x * b.values[k * wide + n]));
      }
    }
  }

  transpose({ rows, columns, values }: Matrix, result: Matrix): void {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        result.values[column * rows + row] = values[row * columns + column];
      }
    }
  }

  addBias({ values, columns }: Matrix, bias: Float32Array, rectify: boolean): void {
    for (let i = 0; i < values.length; i++) {
      const value = fround(values[i] + bias[i % columns]);
      values[i] = !rectify || value > 0 ? value : 0;
    }
  }

  mask(gradient: Matrix, { values }: Matrix): void {
    for (let i = 0; i < values.length; i++) if (!(values[i] > 0)) gradient.values[i] = 0;
  }

  sumColumns({ values, columns }: Matrix, sums: Float32Array): void {
    sums.fill(0);
    for (let i = 0; i < values.length; i++) sums[i % columns] = fround(sums[i % columns] + values[i]);
  }

  adam(weights: Float32Array, gradient: Float32Array, first: Float32Array, second: Float32Array, step: AdamStep): void {
    const [rate, decay] = [fround(step.rate), fround(step.decay)];
    const [b1, b2] = [fround(step.firstKept), fround(step.secondKept)];
    const [s1, s2] = [fround(step.firstScale), fround(step.secondScale)];
    const [c1, c2] = [fround(1 - b1), fround(1 - b2)];
    for (let i = 0; i < weights.length; i++) {
      const g = gradient[i];
      const m = fround(fround(b1 * first[i]) + fround(c1 * g));
      const v = fround(fround(b2 * second[i]) + fround(fround(c2 * g) * g));
      first[i] = m;
      second[i] = v;
      const move = fround(fround(m * s1) / fround(fround(sqrt(fround(v * s2))) + EPSILON));
      weights[i] = fround(weights[i] - fround(rate * fround(move + fround(decay * weights[i]))));
    }
  }
}
