export { type BitSpace, type BitSpaceOptions, createBitSpace } from './bit-space.ts';
export {
  assertReachable,
  type Budgets,
  budgetEntries,
  budgetViolation,
  describeMetric,
  reachableMinimum,
} from './budget.ts';
export { findFeasible, jointlyInfeasible } from './feasible.ts';
export { createRepair, type Loss, type Repair, startingGenomes } from './repair.ts';
