import { assert } from '../../core/errors.ts';
import type { AdamStep, Arithmetic, Matrix } from './arithmetic.ts';

interface Kernels {
  f32_multiply(
    a: number,
    rowStep: number,
    columnStep: number,
    b: number,
    c: number,
    rows: number,
    depth: number,
    columns: number,
  ): void;
  f32_transpose(from: number, to: number, rows: number, columns: number): void;
  f32_add_bias(values: number, bias: number, rows: number, columns: number, rectify: number): void;
  f32_mask(gradient: number, values: number, count: number): void;
  f32_sum_columns(values: number, sums: number, rows: number, columns: number): void;
  f32_adam(weights: number, gradient: number, first: number, second: number, count: number, settings: number): void;
}

const PAGE_BYTES = 65536;
/** The first page holds the settings of Adam's steps and nothing else. */
const SETTINGS = 1024;

/** The arithmetic in WebAssembly SIMD: the same bits as {@link PlainArithmetic}, many times as fast. */
export class WasmArithmetic implements Arithmetic {
  private readonly memory: WebAssembly.Memory;
  private readonly kernels: Kernels;
  private next = PAGE_BYTES;

  /**
   * @param module of assembly/entry/predictor.ts.
   * @param bytes that may be allocated.
   */
  constructor(module: WebAssembly.Module, bytes: number) {
    const pages = 1 + Math.ceil(bytes / PAGE_BYTES);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.kernels = exports as unknown as Kernels;
  }

  allocate(length: number): Float32Array {
    const address = this.next;
    this.next = Math.ceil((address + 4 * length) / 16) * 16;
    assert(this.next <= this.memory.buffer.byteLength, 'the memory of a predictor is too small');
    return new Float32Array(this.memory.buffer, address, length).fill(0);
  }

  reset(): void {
    this.next = PAGE_BYTES;
  }

  multiply(a: Matrix, b: Matrix, result: Matrix, turned = false): void {
    const depth = turned ? a.rows : a.columns;
    assert(b.rows === depth && result.columns === b.columns, 'matrices that do not fit');
    const [rowStep, columnStep] = turned ? [4, 4 * a.columns] : [4 * a.columns, 4];
    this.kernels.f32_multiply(
      at(a.values),
      rowStep,
      columnStep,
      at(b.values),
      at(result.values),
      result.rows,
      depth,
      b.columns,
    );
  }

  transpose({ rows, columns, values }: Matrix, result: Matrix): void {
    this.kernels.f32_transpose(at(values), at(result.values), rows, columns);
  }

  addBias({ rows, columns, values }: Matrix, bias: Float32Array, rectify: boolean): void {
    this.kernels.f32_add_bias(at(values), at(bias), rows, columns, Number(rectify));
  }

  mask(gradient: Matrix, { values }: Matrix): void {
    this.kernels.f32_mask(at(gradient.values), at(values), values.length);
  }

  sumColumns({ rows, columns, values }: Matrix, sums: Float32Array): void {
    this.kernels.f32_sum_columns(at(values), at(sums), rows, columns);
  }

  adam(weights: Float32Array, gradient: Float32Array, first: Float32Array, second: Float32Array, step: AdamStep): void {
    const { rate, decay, firstKept, secondKept, firstScale, secondScale } = step;
    const settings = new Float32Array(this.memory.buffer, SETTINGS, 6);
    settings.set([rate, decay, firstKept, secondKept, firstScale, secondScale]);
    this.kernels.f32_adam(at(weights), at(gradient), at(first), at(second), weights.length, SETTINGS);
  }
}

function at({ byteOffset }: Float32Array): number {
  return byteOffset;
}
