import type { AllocationModel } from '../allocation/model.ts';
import type { AllocationProblem } from '../allocation/schema.ts';

/** What a guided search is told of a problem; the loss is known only through `evaluate`. */
export interface GuidedProblem {
  /** Tables of the free metrics, as in a problem file; the loss in them is not read. Exact, unless `costs` says otherwise. */
  tables: AllocationProblem | AllocationModel;
  /** The true metrics of a choice (the loss left out), where tables only approximate them; limits then hold for these. */
  costs?(choice: readonly number[]): number[];
  /** With `costs`: the tables are right but for rounding, so that `costs` is asked only near a limit. */
  tablesHold?: boolean;
  /** A choice within the limits, for the case that tables which only approximate do not lead to one. */
  refuge?: readonly number[];
  /** Hard upper bounds by metric. */
  limits: Readonly<Record<string, number>>;
  /** `loss` and names of free metrics, minimised; by default the loss alone. */
  objectives?: readonly string[];
  /** Told of every choice that broke limits before it was evaluated; it is repaired or dropped. */
  onRejected?(choice: readonly number[]): void;
  /** Choices with the same text are the same: one of them is evaluated, and counts. Without it all differ. */
  alike?(choice: readonly number[]): string;
  /** True losses of choices that were never evaluated before, in their order. Each one counts. */
  evaluate(batch: number[][]): readonly number[] | Promise<readonly number[]>;
}

/** A problem whose tables were checked. */
export type CheckedProblem = GuidedProblem & { tables: AllocationModel };

export interface GuidedSettings {
  /** True evaluations at most. */
  evaluations: number;
  seed: number;
  /** Choices evaluated at a time. */
  batch?: number;
  /** Selection where there is more than one objective: NSGA-II up to three, NSGA-III beyond, unless given. */
  algorithm?: 'nsga2' | 'nsga3';
  /** Members of a generation of that selection. */
  population?: number;
  /** Points of the model's front that are evaluated at most where there is more than one objective; all of them unless given. */
  frontPoints?: number;
  /** Called after every batch; returning false ends the search. */
  onBatch?(report: { evaluations: number; best: GuidedPoint | undefined }): unknown;
}

/** One evaluated choice. */
export interface GuidedPoint {
  choice: number[];
  loss: number;
  /** The free metrics, in the tables' order. */
  costs: number[];
}

export interface GuidedResult {
  /** Every evaluated choice, in order; all of them keep the limits. */
  archive: GuidedPoint[];
  evaluations: number;
  /** Choices that broke a limit, by metric, and were repaired or dropped before they were evaluated. */
  rejections: Record<string, number>;
  /** Rank correlation of the model with the truth on its last batch, from −1 to 1; null before there was one. */
  modelCorrelation: number | null;
}
