export { AllocationModel } from './allocation/model.ts';
export { parseAllocation } from './allocation/parse.ts';
export { readAllocation } from './allocation/read.ts';
export { type AllocationBudget, type AllocationProblem, allocationJsonSchema } from './allocation/schema.ts';
export { evaluateConcurrently } from './concurrent-evaluation.ts';
export {
  defaultDivisions,
  directionCount,
  referenceDirections,
} from './directions.ts';
export { type Algorithm, Evolution } from './evolution.ts';
export { type Allocation, allocate } from './exact/allocate.ts';
export { allocationFront } from './exact/front.ts';
export { type BudgetChoice, limitsOf } from './exact/limits.ts';
export type { FrontPoint } from './exact/pareto-labels.ts';
export { guidedSearch } from './guided/guided-search.ts';
export { defaultSelection } from './guided/trace-front.ts';
export type { GuidedPoint, GuidedProblem, GuidedResult, GuidedSettings } from './guided/types.ts';
export type { HistoryEntry } from './history.ts';
export { hypervolume } from './indicators/hypervolume.ts';
export { igd } from './indicators/igd.ts';
export { paretoFront, paretoIndices } from './indicators/pareto-front.ts';
export { sampledHypervolume, type VolumeEstimate } from './indicators/sampled-hypervolume.ts';
export { scaledHypervolume } from './indicators/scaled-hypervolume.ts';
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
export {
  type SurrogateBatch,
  type SurrogateProblem,
  type SurrogateResult,
  type SurrogateSettings,
  surrogateSearch,
} from './surrogate/index.ts';
