export { evaluateConcurrently } from './concurrent-evaluation.ts';
export { defaultDivisions, directionCount, referenceDirections } from './directions.ts';
export { type Algorithm, Evolution } from './evolution.ts';
export type { HistoryEntry } from './history.ts';
export { hypervolume } from './indicators/hypervolume.ts';
export { igd } from './indicators/igd.ts';
export { paretoFront, paretoIndices } from './indicators/pareto-front.ts';
export { sampledHypervolume, type VolumeEstimate } from './indicators/sampled-hypervolume.ts';
export { createNsga2, nsga2 } from './nsga2.ts';
export { createNsga3, type Nsga3Options, nsga3 } from './nsga3.ts';
export type {
  EvolutionOptions,
  GenerationReport,
  HypervolumeSettings,
  OperatorSettings,
  RandomSource,
  SearchOptions,
  SearchResult,
  StagnationSettings,
  StopReason,
  TargetSettings,
} from './options.ts';
export { achievementPick, bestPerBudget, kneePoint } from './picks.ts';
export type { Evaluation, Individual, Variable } from './problem.ts';
export type { SearchState } from './state.ts';
