// What is left of a training step: masks of activations, column sums and sums of neighbours.

import { field } from './correlate';

/** Fields of the parameter block, each an i32 at 4 · index, but `most`, an f32. */
export const enum Mask {
  count,
  /** The activation's upper bound: 6 for ReLU6, infinity for ReLU. */
  most,
  y,
  outputGradient,
  inputGradient,
}

/** dx = dy where 0 < y < most, else 0. */
export function f32_activation_gradient(parameters: usize): void {
  const count = field(parameters, Mask.count);
  const most = f32.load(parameters + (<usize>Mask.most << 2));
  const y = <usize>field(parameters, Mask.y);
  const dy = <usize>field(parameters, Mask.outputGradient);
  const dx = <usize>field(parameters, Mask.inputGradient);
  const low = f32x4.splat(0);
  const high = f32x4.splat(most);
  const end = <usize>count << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    const value = v128.load(y + i);
    const inside = v128.and(f32x4.gt(value, low), f32x4.lt(value, high));
    v128.store(dx + i, v128.and(v128.load(dy + i), inside));
  }
  for (; i < end; i += 4) {
    const value = f32.load(y + i);
    f32.store(dx + i, value > 0 && value < most ? f32.load(dy + i) : 0);
  }
}

/** Fields of the parameter block, each an i32 at 4 · index. */
export const enum ColumnSum {
  rows,
  columns,
  values,
  /** One f64 for each column, 8-byte aligned, zeroed here. */
  totals,
  sums,
}

/** sums[c] = Σ over rows of values[row][c], added in f64: a bias's gradient. */
export function f32_column_sum(parameters: usize): void {
  const rows = field(parameters, ColumnSum.rows);
  const columns = field(parameters, ColumnSum.columns);
  const totals = <usize>field(parameters, ColumnSum.totals);
  const sums = <usize>field(parameters, ColumnSum.sums);
  let value = <usize>field(parameters, ColumnSum.values);
  memory.fill(totals, 0, <usize>columns << 3);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) {
      const slot = totals + (<usize>c << 3);
      f64.store(slot, f64.load(slot) + <f64>f32.load(value));
      value += 4;
    }
  }
  for (let c = 0; c < columns; c++) {
    f32.store(sums + (<usize>c << 2), <f32>f64.load(totals + (<usize>c << 3)));
  }
}

/** Fields of the parameter block, each an i32 at 4 · index. */
export const enum NeighbourSum {
  rows,
  columns,
  values,
  sums,
}

/** sums[row] = Σ of values[row][…] in index order: what the copies of a channel give back to it. */
export function f32_neighbour_sum(parameters: usize): void {
  const rows = field(parameters, NeighbourSum.rows);
  const columns = field(parameters, NeighbourSum.columns);
  const sums = <usize>field(parameters, NeighbourSum.sums);
  let value = <usize>field(parameters, NeighbourSum.values);
  for (let row = 0; row < rows; row++) {
    let sum: f32 = 0;
    for (let c = 0; c < columns; c++) {
      sum += f32.load(value);
      value += 4;
    }
    f32.store(sums + (<usize>row << 2), sum);
  }
}
