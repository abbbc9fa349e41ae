import { hypervolume } from './indicators/hypervolume.ts';
import { paretoRows } from './indicators/pareto-front.ts';
import { sampledHypervolume } from './indicators/sampled-hypervolume.ts';
import type { HypervolumeSettings } from './options.ts';
import type { Individual } from './problem.ts';
import type { EvaluationStore } from './store.ts';

/** One evaluation of a search. */
export interface HistoryEntry extends Individual {
  /** From 1, in the order of the batches. */
  evaluation: number;
  /** 1 for the initial population. */
  generation: number;
}

/** With more objectives than this the exact hypervolume takes too long for every generation. */
const MOST_EXACT_OBJECTIVES = 3;

/** How a search went: which generation evaluated what, and the hypervolume of all feasible points after each. */
export class History {
  /** Evaluations up to the end of each generation. */
  readonly ends: number[] = [];
  /** After each generation; empty where it is not asked for. */
  readonly hypervolumes: number[] = [];
  private readonly store: EvaluationStore;
  private readonly settings: HypervolumeSettings | undefined;
  /** Rows of the non-dominated feasible points, ascending, of the first `seen` rows. */
  private front: number[] = [];
  private seen = 0;

  constructor(store: EvaluationStore, settings: HypervolumeSettings | undefined) {
    this.store = store;
    this.settings = settings;
  }

  /** To be called when all rows of the store are evaluated. */
  endGeneration(): void {
    this.ends.push(this.store.size);
    if (this.settings) this.hypervolumes.push(this.measure(this.settings));
  }

  restore(ends: readonly number[], hypervolumes: readonly number[]): void {
    this.ends.push(...ends);
    this.hypervolumes.push(...hypervolumes);
  }

  /** Rows of the non-dominated feasible points of everything evaluated, ascending. */
  frontRows(): number[] {
    const { store } = this;
    const rows = this.front;
    const known = rows.length;
    const end = this.ends.at(-1) ?? 0;
    for (; this.seen < end; this.seen++) if (store.violations[this.seen] <= 0) rows.push(this.seen);
    if (rows.length === known) return rows;
    const m = store.objectiveCount;
    const points = new Float64Array(rows.length * m);
    for (let i = 0; i < rows.length; i++) {
      for (let j = 0; j < m; j++) points[i * m + j] = store.objectives[rows[i] * m + j];
    }
    this.front = paretoRows(points, rows.length, m).map((i) => rows[i]);
    return this.front;
  }

  private measure({ reference, samples }: HypervolumeSettings): number {
    const points = this.frontRows().map((row) => this.store.objectivesOf(row));
    return reference.length <= MOST_EXACT_OBJECTIVES
      ? hypervolume(points, reference)
      : sampledHypervolume(points, reference, { samples }).value;
  }

  entries(): HistoryEntry[] {
    let generation = 1;
    return Array.from({ length: this.ends.at(-1) ?? 0 }, (_, row) => {
      while (row >= this.ends[generation - 1]) generation++;
      return { evaluation: row + 1, generation, ...this.store.individual(row) };
    });
  }
}
