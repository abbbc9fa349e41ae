import type { Cancellation, Clock, Files, Progress } from '../core/ports.ts';
import type { Cost } from '../cost/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { OperatorSettings, SearchResult, StopReason, SurrogateBatch } from '../search/index.ts';
import type { Budgets, BudgetUse, Pricer, Space } from '../space/index.ts';
import type { Objective } from './objectives.ts';
import type { StudyPoint } from './rows.ts';

/** What decides a search; together with the table and the calibration it decides every byte of reports.csv. */
export interface StudySettings {
  objectives: readonly Objective[];
  budgets: Budgets;
  /** Budgets hold for the upper end of the interval of this confidence; for the prediction itself unless given. */
  budgetConfidence?: number;
  population: number;
  /** Upper bound on evaluated candidates; all of a small space may be fewer. */
  evaluations: number;
  generations?: number;
  /** Ends the search when the hypervolume of the feasible points has not grown for so many generations. */
  stagnation?: number;
  /**
   * Ends the search when one feasible point is at least as good in all of these objectives, each in its reports' unit: an
   * accuracy as high, anything else as low.
   */
  target?: Readonly<Record<string, number>>;
  seed: number;
  /**
   * `guided` probes the space, learns a model of the loss and proposes by it; by default wherever that can be. `surrogate`
   * chooses batches by a model with uncertainty, from the proxy on; by default where candidates are run.
   */
  strategy?: Strategy;
  /** Selection; by default NSGA-II up to three objectives, NSGA-III beyond. */
  algorithm?: 'nsga2' | 'nsga3';
  operators?: Partial<OperatorSettings>;
}

/** How candidates are found. */
export type Strategy = 'guided' | 'surrogate' | 'evolution';

export interface StudyProxy<Point = Scheme[]> {
  name: string;
  /** Lower is better. */
  loss(point: Point): number;
}

/**
 * Where accuracies come from: the port through which candidates are evaluated by running them, or after a short training
 * that starts from the whole network's weights.
 */
export interface AccuracySource<Point> {
  /** What stands in the column `accuracyKind`, such as `proxy:output-noise` or `measured`. */
  readonly kind: string;
  /** A loss to minimise for each point, in their order; the same point always has the same. */
  losses(points: readonly Point[]): readonly number[] | Promise<readonly number[]>;
  /** What stands in the column `accuracy` for a loss. */
  accuracyOf(loss: number): number;
}

/** A further column of the reports, which may be an objective too. */
export interface StudyMeasure<Point> {
  readonly name: string;
  value(point: Point, cost: Cost): number;
}

export interface StudyOptions<Point = Scheme[]> {
  settings: StudySettings;
  space: Space<Point>;
  /** What the space is made of, for config.json; its name and number of choices unless given. */
  spaceRecord?: object;
  costModel: Pricer<Point>;
  /** Guides repair, and stands for accuracy where no other source is given. */
  proxy: StudyProxy<Point>;
  accuracy?: AccuracySource<Point>;
  measures?: readonly StudyMeasure<Point>[];
  /**
   * What a point of the front costs when its own weights are looked at, where that may differ from its price in the
   * search; points that then break a budget leave the front.
   */
  finalCost?(point: Point): Cost | Promise<Cost>;
  /** Genomes to begin with instead of the uniform and the cheapest ones. */
  initial?: readonly number[][];
  files: Files;
  /** The run folder. */
  folder: string;
  /** Everything that config.json is to hold besides the settings: network, table, calibration, version. */
  provenance: Record<string, unknown>;
  /** Writes output.csv too, the front in the columns of the published tools. */
  publishedOutput?: boolean;
  /** The candidate file of a point of the front. */
  toCandidate(point: StudyPoint): object;
  /** Go on from the folder's checkpoint. */
  resume?: boolean;
  /** Ends the search after the first generation that ends so late; config.json then says how many generations it took. */
  timeMaxMs?: number;
  /** For `timeMaxMs`. */
  clock?: Clock;
  onProgress: Progress;
  cancellation: Cancellation;
  /** Lets signals through between generations. */
  pause(): Promise<void>;
}

/** How a search went. */
export interface StudyOutcome {
  evaluations: number;
  /** Of an evolution. */
  generations?: number;
  stopped?: StopReason;
  course?: Pick<SearchResult, 'history' | 'hypervolumes'>;
  /** Of a guided or surrogate search: rank correlation of its model with the losses of the last batches. */
  modelCorrelation?: number | null;
  /** Of a surrogate search: how each batch was chosen, and how well its predictions ranked it. */
  batches?: readonly SurrogateBatch[];
}

export interface StudyResult extends Omit<StudyOutcome, 'course'> {
  strategy: Strategy;
  folder: string;
  /** Non-dominated feasible points, by latency. */
  front: StudyPoint[];
  /** Every evaluated point, in order. */
  points: StudyPoint[];
  /** How many genomes broke each budget before they were brought inside, or were given up. */
  rejections: Readonly<Record<string, number>>;
  /** How much of each budget the point of least loss uses, the one that leaves least first. */
  budgetUse: readonly BudgetUse[];
  /** Of the front, in objectives scaled to the range of all feasible points, reference 1.1. */
  hypervolume: number;
}
