import type { Cancellation, Files, Progress } from '../core/ports.ts';
import type { CostModel } from '../cost/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { BitSpace, Budgets } from '../space/index.ts';
import type { Objective } from './objectives.ts';
import type { StudyPoint } from './rows.ts';

/** What decides a search; together with the table and the calibration it decides every byte of reports.csv. */
export interface StudySettings {
  objectives: readonly Objective[];
  budgets: Budgets;
  population: number;
  /** Upper bound on evaluated candidates; all of a small space may be fewer. */
  evaluations: number;
  generations?: number;
  seed: number;
}

export interface StudyProxy {
  name: string;
  /** Lower is better. */
  loss(schemes: readonly Scheme[]): number;
}

export interface StudyOptions {
  settings: StudySettings;
  space: BitSpace;
  costModel: CostModel;
  proxy: StudyProxy;
  files: Files;
  /** The run folder. */
  folder: string;
  /** Everything that config.json is to hold besides the settings: network, table, calibration, version. */
  provenance: Record<string, unknown>;
  /** The candidate file of a point of the front. */
  toCandidate(point: StudyPoint): object;
  /** Go on from the folder's checkpoint. */
  resume?: boolean;
  onProgress: Progress;
  cancellation: Cancellation;
  /** Lets signals through between generations. */
  pause(): Promise<void>;
}

export interface StudyResult {
  folder: string;
  /** Non-dominated feasible points, by latency. */
  front: StudyPoint[];
  /** Every evaluated point, in order. */
  points: StudyPoint[];
  evaluations: number;
  /** Of the front, in objectives scaled to the range of all feasible points, reference 1.1. */
  hypervolume: number;
}
