export { defaultDivisions, directionCount, referenceDirections } from './directions.ts';
export { type Algorithm, Evolution } from './evolution.ts';
export { hypervolume } from './indicators/hypervolume.ts';
export { igd } from './indicators/igd.ts';
export { paretoFront, paretoIndices } from './indicators/pareto-front.ts';
export { sampledHypervolume, type VolumeEstimate } from './indicators/sampled-hypervolume.ts';
export { nsga2 } from './nsga2.ts';
export { type Nsga3Options, nsga3 } from './nsga3.ts';
export type {
  GenerationReport,
  OperatorSettings,
  RandomSource,
  SearchOptions,
  SearchResult,
  StopReason,
} from './options.ts';
export type { Evaluation, Individual, Variable } from './problem.ts';
export type { SearchState } from './state.ts';
