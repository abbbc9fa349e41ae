import type { GuidedPoint, GuidedProblem } from '../guided/types.ts';

/** A problem whose loss is dear to evaluate. */
export interface SurrogateProblem extends GuidedProblem {
  /** What each choice of each gene is thought to add to the loss, such as by an additive proxy; layer by layer. */
  prior?: readonly (readonly number[])[];
}

/** How the genomes of a batch were chosen: a first look, by the model, or by evolution alone where it is not trusted. */
export type BatchChoice = 'start' | 'model' | 'evolution';

/** How one batch went. */
export interface SurrogateBatch {
  /** From 1. */
  batch: number;
  choice: BatchChoice;
  /** True evaluations so far. */
  evaluations: number;
  /** Rank correlation of predictions, made before the batch was evaluated, with the truth: of the last batches. */
  correlation: number | null;
  /** Mean absolute difference of those predictions from the truth, in the loss's unit; null without predictions. */
  error: number | null;
}

export interface SurrogateSettings {
  /** True evaluations at most. */
  evaluations: number;
  seed: number;
  /** Genomes evaluated at a time; a twentieth of the evaluations, from 8 (an eighth of fewer than 64) to 24, unless given. */
  batch?: number;
  /** Choices that the first look begins with. */
  initial?: readonly (readonly number[])[];
  /** Called after every batch; returning false ends the search. */
  onBatch?(report: SurrogateBatch & { best: GuidedPoint | undefined }): unknown;
}

export interface SurrogateResult {
  /** Every evaluated choice, in order; all of them keep the limits. */
  archive: GuidedPoint[];
  evaluations: number;
  /** Choices that broke a limit, by metric, and were repaired or dropped before they were evaluated. */
  rejections: Record<string, number>;
  batches: SurrogateBatch[];
}
