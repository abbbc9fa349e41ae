export { AllocationModel } from './allocation/model.ts';
export { parseAllocation } from './allocation/parse.ts';
export { readAllocation } from './allocation/read.ts';
export { type AllocationBudget, type AllocationProblem, allocationJsonSchema } from './allocation/schema.ts';
export { defaultDivisions, directionCount, referenceDirections } from './directions.ts';
export { type Algorithm, Evolution } from './evolution.ts';
export { type Allocation, allocate } from './exact/allocate.ts';
export { allocationFront } from './exact/front.ts';
export { type BudgetChoice, limitsOf } from './exact/limits.ts';
export type { FrontPoint } from './exact/pareto-labels.ts';
export { guidedSearch } from './guided/guided-search.ts';
export type { GuidedPoint, GuidedProblem, GuidedResult, GuidedSettings } from './guided/types.ts';
export { hypervolume } from './indicators/hypervolume.ts';
export { igd } from './indicators/igd.ts';
export { paretoFront, paretoIndices } from './indicators/pareto-front.ts';
export { scaledHypervolume } from './indicators/scaled-hypervolume.ts';
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
