import type { AllocationBudget } from './schema.ts';

/** A term of one metric between two layers, i < j. */
export interface Pair {
  metric: number;
  i: number;
  j: number;
  table: readonly (readonly number[])[];
}

/** Layers whose losses, summing to s, count as cap·s/(cap + s). */
export interface Block {
  layers: readonly number[];
  cap: number;
}

/** What {@link AllocationModel} is made of; see `parseAllocation`. */
export interface AllocationParts {
  name: string;
  /** `loss` first. */
  metrics: readonly string[];
  /** [metric][layer][choice]; undefined where a metric is given by its chain alone. */
  tables: readonly (readonly (readonly number[])[] | undefined)[];
  /** [metric][layer][p][choice], p the previous layer's choice modulo the rows. */
  chains: readonly (readonly (readonly (readonly number[])[])[] | undefined)[];
  pairs: readonly Pair[];
  blocks: readonly Block[];
  /** Disjoint groups of layers that share one choice, each ascending. */
  ties: readonly (readonly number[])[];
  budgets: readonly AllocationBudget[];
  bounds: Readonly<Record<string, readonly [number, number]>>;
}

/** Sums of real numbers are compared with this relative tolerance; sums of whole numbers are exact. */
const REAL_TOLERANCE = 1e-9;

/** An allocation problem ready to be evaluated: one choice a layer, several metrics, all minimised. */
export class AllocationModel {
  readonly parts: AllocationParts;
  readonly layerCount: number;
  /** Choices of each layer. */
  readonly counts: readonly number[];
  readonly metrics: readonly string[];
  /** Relative tolerance of limits and optima: 0 where every number is whole. */
  readonly tolerance: number;

  constructor(parts: AllocationParts) {
    this.parts = parts;
    this.metrics = parts.metrics;
    const shape = parts.tables[0] ?? [];
    this.layerCount = shape.length;
    this.counts = shape.map((row) => row.length);
    this.tolerance = isWhole(parts) ? 0 : REAL_TOLERANCE;
  }

  /** Every metric of one choice, in the order of `metrics`. */
  evaluate(choice: ArrayLike<number>): number[] {
    return this.metrics.map((_, metric) => this.value(metric, choice));
  }

  /** One metric, by index, of one choice; added up layer by layer, then pair by pair. */
  value(metric: number, choice: ArrayLike<number>): number {
    const { tables, chains, pairs, blocks } = this.parts;
    let sum = 0;
    const table = tables[metric];
    if (table && metric === 0 && blocks.length > 0) {
      for (const { layers, cap } of blocks) {
        let s = 0;
        for (const layer of layers) s += table[layer][choice[layer]];
        sum += saturate(s, cap);
      }
    } else if (table) {
      for (let layer = 0; layer < this.layerCount; layer++) sum += table[layer][choice[layer]];
    }
    const chain = chains[metric];
    if (chain) {
      for (let layer = 0; layer < this.layerCount; layer++) {
        const rows = chain[layer];
        const p = layer === 0 ? rows.length - 1 : choice[layer - 1] % rows.length;
        sum += rows[p][choice[layer]];
      }
    }
    for (const pair of pairs) if (pair.metric === metric) sum += pair.table[choice[pair.i]][choice[pair.j]];
    return sum;
  }

  /** The metrics of one choice by name. */
  describe(choice: ArrayLike<number>): Record<string, number> {
    return Object.fromEntries(this.evaluate(choice).map((value, metric) => [this.metrics[metric], value]));
  }

  /** The largest value that still counts as within a limit. */
  ceiling(limit: number): number {
    return limit + this.tolerance * Math.abs(limit);
  }

  /** Whether tied layers agree. */
  keepsTies(choice: ArrayLike<number>): boolean {
    return this.parts.ties.every((tie) => tie.every((layer) => choice[layer] === choice[tie[0]]));
  }
}

/**
 * A block's loss: almost s while s is small, never above cap.
 *
 * @example saturate(2, 2) // => 1
 */
export function saturate(s: number, cap: number): number {
  return (cap * s) / (cap + s);
}

function isWhole({ tables, chains, pairs, blocks }: AllocationParts): boolean {
  if (blocks.length > 0) return false;
  let total = 0;
  const whole = (row: readonly number[]) => {
    let most = 0;
    for (const value of row) {
      if (!Number.isInteger(value)) return false;
      most = Math.max(most, Math.abs(value));
    }
    total += most;
    return true;
  };
  const everyRow =
    tables.every((table) => !table || table.every(whole)) &&
    chains.every((chain) => !chain || chain.every((rows) => rows.every(whole))) &&
    pairs.every(({ table }) => table.every(whole));
  return everyRow && total < 2 ** 52;
}
