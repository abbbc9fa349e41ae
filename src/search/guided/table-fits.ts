import type { JointTable } from './space.ts';

/** Evidence that a cell must outweigh, in observations. */
const UNARY_SHRINKAGE = 1e-3;
const PAIR_SHRINKAGE = 0.3;
/** The same where all that is fitted are tables around a genome. */
const NEAR_SHRINKAGE = 0.1;

/** Points that a fit is about, genes as columns. */
export interface Sample {
  columns: readonly Uint16Array[];
  weights: Float64Array;
  /** What the model leaves unexplained; brought up to date with every step of a fit. */
  residual: Float64Array;
}

/** A term between two genes: one number for each pair of values. */
export interface PairTable extends JointTable {
  /** Of a pair that was probed: what cells are taken to be as long as no points speak for something else. */
  prior?: Float64Array;
}

/** The best point weighs most, those far above it little; 1 on average. */
export function weightsOf(losses: readonly number[]): Float64Array {
  const sorted = Float64Array.from(losses).sort();
  const best = sorted[0];
  const scale = sorted[Math.floor(sorted.length / 4)] - best || 1;
  const weights = Float64Array.from(losses, (loss) => {
    const distance = 1 + (loss - best) / scale;
    return 1 / (distance * distance);
  });
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return weights.map((weight) => weight / mean);
}

/** Moves the effects of a gene's values to what the points leave unexplained. */
export function fitEffects(
  effects: Float64Array,
  own: Uint16Array,
  { residual, weights }: Omit<Sample, 'columns'>,
): void {
  const count = effects.length;
  const sums = new Float64Array(count);
  const totals = new Float64Array(count);
  for (let i = 0; i < residual.length; i++) {
    sums[own[i]] += weights[i] * residual[i];
    totals[own[i]] += weights[i];
  }
  for (let value = 0; value < count; value++) sums[value] /= totals[value] + UNARY_SHRINKAGE;
  for (let value = 0; value < count; value++) effects[value] += sums[value];
  for (let i = 0; i < residual.length; i++) residual[i] -= sums[own[i]];
}

/** The same for the table of a pair; cells without a point become what was known of them. */
export function fitPair({ values, prior }: PairTable, sample: Sample, cells: Uint32Array): void {
  const { residual } = sample;
  const { sums, totals } = cellSums(values, sample, cells);
  for (let cell = 0; cell < values.length; cell++) {
    const fitted = (sums[cell] + PAIR_SHRINKAGE * (prior?.[cell] ?? 0)) / (totals[cell] + PAIR_SHRINKAGE);
    sums[cell] = fitted - values[cell];
    values[cell] = fitted;
  }
  for (let i = 0; i < residual.length; i++) residual[i] -= sums[cells[i]];
}

/**
 * By point: where in the table of two genes it lies.
 *
 * @param count values of the second gene.
 */
export function cellsOf(
  { first, second }: JointTable,
  count: number,
  { columns }: Pick<Sample, 'columns'>,
): Uint32Array {
  const [own, other] = [columns[first], columns[second]];
  const cells = new Uint32Array(own.length);
  for (let i = 0; i < cells.length; i++) cells[i] = own[i] * count + other[i];
  return cells;
}

/** By cell: the weighted sum of what the table alone would have to explain, and the weights. */
function cellSums(values: Float64Array, { residual, weights }: Sample, cells: Uint32Array) {
  const sums = new Float64Array(values.length);
  const totals = new Float64Array(values.length);
  for (let i = 0; i < residual.length; i++) {
    const cell = cells[i];
    sums[cell] += weights[i] * (residual[i] + values[cell]);
    totals[cell] += weights[i];
  }
  return { sums, totals };
}

/** How much of the residual a table would explain. */
export function gainOf({ values }: PairTable, sample: Sample, cells: Uint32Array): number {
  const { sums, totals } = cellSums(values, sample, cells);
  let gain = 0;
  for (let cell = 0; cell < values.length; cell++) {
    if (totals[cell] > 0) gain += (sums[cell] * sums[cell]) / (totals[cell] + PAIR_SHRINKAGE);
  }
  return gain;
}

/** The points in which both genes of a pair differ from a genome, and their cells. */
export function changedCells(
  { first, second }: JointTable,
  count: number,
  columns: readonly Uint16Array[],
  base: ArrayLike<number>,
) {
  const [own, other] = [columns[first], columns[second]];
  const points = new Int32Array(own.length);
  const cells = new Int32Array(own.length);
  let found = 0;
  for (let i = 0; i < own.length; i++) {
    if (own[i] === base[first] || other[i] === base[second]) continue;
    points[found] = i;
    cells[found++] = own[i] * count + other[i];
  }
  return { points: points.slice(0, found), cells: cells.slice(0, found) };
}

/** Moves the cells of a pair that points near a genome speak for, and leaves the others. */
export function fitCells(
  { values, prior }: PairTable,
  { points, cells }: { points: Int32Array; cells: Int32Array },
  residual: Float64Array,
  weights: Float64Array,
): void {
  const sums = new Float64Array(values.length);
  const totals = new Float64Array(values.length);
  for (let k = 0; k < points.length; k++) {
    const i = points[k];
    const cell = cells[k];
    sums[cell] += weights[i] * (residual[i] + values[cell]);
    totals[cell] += weights[i];
  }
  for (let cell = 0; cell < values.length; cell++) {
    if (totals[cell] === 0) continue;
    const fitted = (sums[cell] + NEAR_SHRINKAGE * (prior?.[cell] ?? 0)) / (totals[cell] + NEAR_SHRINKAGE);
    sums[cell] = fitted - values[cell];
    values[cell] = fitted;
  }
  for (let k = 0; k < points.length; k++) residual[points[k]] -= sums[cells[k]];
}
