export { allocateSpace, type SpaceAllocation } from './allocate-space.ts';
export { type BitSpace, type BitSpaceOptions, createBitSpace } from './bit-space.ts';
export {
  type BudgetName,
  type Budgets,
  type BudgetUse,
  brokenBudgets,
  budgetEntries,
  budgetedValue,
  budgetName,
  budgetUse,
  budgetViolation,
  describeBudgetUse,
  describeMetric,
  isCostMetric,
  splitBudgetName,
} from './budget.ts';
export { assertReachable, reachableMinimum, uniformGenomes } from './extremes.ts';
export { findFeasible, jointlyInfeasible } from './feasible.ts';
export { type GeneProblem, geneProblem } from './gene-problem.ts';
export { budgetMetrics, type GeneMetric, type GeneTables, tabulateGenes } from './gene-tables.ts';
export { type ReachableWorkload, reachableWorkloads } from './reachable.ts';
export { createRepair, type Loss, type Repair, type RepairOptions, startingGenomes } from './repair.ts';
export { createSearchSpace } from './search-space.ts';
export {
  choiceCounts,
  type Gene,
  type GeneKind,
  type Pricer,
  type SearchSpace,
  type Space,
  type SpacePoint,
} from './space.ts';
export { checkSpaceConfig, parseSpaceConfig, type SpaceConfig, type SpaceConfigInput } from './space-config.ts';
