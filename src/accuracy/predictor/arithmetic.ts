/** A matrix in the memory of an arithmetic, row-major. */
export interface Matrix {
  readonly rows: number;
  /** A multiple of 8. */
  readonly columns: number;
  readonly values: Float32Array;
}

/** One step of Adam, in f32; see `PlainArithmetic.adam`. */
export interface AdamStep {
  rate: number;
  decay: number;
  firstKept: number;
  secondKept: number;
  /** 1 / (1 − firstKept^t), and the same of the second. */
  firstScale: number;
  secondScale: number;
}

/**
 * What a small fully connected network is trained and run with, in f32. Every implementation gives the same bits: each
 * result is a fixed sequence of single-precision operations, without fused multiply-add. It owns the memory of what it
 * works on.
 */
export interface Arithmetic {
  /** A zeroed array of its memory; lives until `reset`. */
  allocate(length: number): Float32Array;
  /** Frees everything that was allocated. */
  reset(): void;
  /** result = a · b, or aᵀ · b where `turned`. Rows of the result are a multiple of 4. */
  multiply(a: Matrix, b: Matrix, result: Matrix, turned?: boolean): void;
  /** result[column][row] = from[row][column] */
  transpose(from: Matrix, result: Matrix): void;
  /** Adds a row to each row; what is below 0 then becomes 0 where `rectify`. */
  addBias(values: Matrix, bias: Float32Array, rectify: boolean): void;
  /** Sets the gradient to 0 where values are not above 0. */
  mask(gradient: Matrix, values: Matrix): void;
  /** Adds up the rows. */
  sumColumns(values: Matrix, sums: Float32Array): void;
  /** Moves weights by their gradient; `first` and `second` are the running moments. All are as long. */
  adam(weights: Float32Array, gradient: Float32Array, first: Float32Array, second: Float32Array, step: AdamStep): void;
}

/**
 * A zeroed matrix in an arithmetic's memory, its sides rounded up to multiples of 8.
 *
 * @example matrix({ allocate: (length) => new Float32Array(length) }, 3, 9).columns // => 16
 */
export function matrix(arithmetic: Pick<Arithmetic, 'allocate'>, rows: number, columns: number): Matrix {
  const wide = roundUp(columns);
  const high = roundUp(rows);
  return { rows: high, columns: wide, values: arithmetic.allocate(high * wide) };
}

/** The next multiple of 8. */
export function roundUp(size: number): number {
  return Math.ceil(size / 8) * 8;
}
