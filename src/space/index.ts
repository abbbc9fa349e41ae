export { type BitSpace, type BitSpaceOptions, createBitSpace } from './bit-space.ts';
export {
  assertReachable,
  type Budgets,
  budgetEntries,
  budgetViolation,
  describeMetric,
  jointlyInfeasible,
  reachableMinimum,
} from './budget.ts';
export { createRepair, type Loss, type Repair, startingGenomes } from './repair.ts';
