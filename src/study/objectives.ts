import { assert, BitbudgetError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { metricValue } from '../cost/metric-values.ts';
import type { CostMetric } from '../cost/types.ts';
import { type BudgetName, budgetName } from '../space/index.ts';
import type { StudyPoint } from './rows.ts';

type NamedObjective = 'accuracy' | 'latency' | 'energy' | 'size' | 'ram' | 'macs' | 'bitops';

/**
 * What a search may be asked to minimise; `accuracy` is maximised by minimising its loss. `latency@rpi4` is that of one
 * device of several, without a device it is the first's. A preset's own measures are objectives by their names.
 */
export type Objective = NamedObjective | (string & {});

const METRICS: Record<Exclude<NamedObjective, 'accuracy'>, CostMetric> = {
  latency: 'latencyMs',
  energy: 'energyMj',
  size: 'sizeBytes',
  ram: 'ramBytes',
  macs: 'macs',
  bitops: 'bitOps',
};

export const OBJECTIVES: readonly Objective[] = ['accuracy', ...Object.keys(METRICS)];

/**
 * Objectives from a flag's text.
 *
 * @param devices that `latency@<device>` may name.
 * @param measures of a preset.
 * @throws {BitbudgetError} `usage` for an unknown or repeated name.
 * @example parseObjectives('accuracy,latency') // => ['accuracy', 'latency']
 */
export function parseObjectives(
  text: string,
  devices: readonly string[] = [],
  measures: readonly string[] = [],
): Objective[] {
  const names = text.split(',').map((name) => name.trim());
  const perDevice = devices.flatMap((device) => ['latency', 'energy', 'ram'].map((name) => `${name}@${device}`));
  const known = [...OBJECTIVES, ...perDevice, ...measures];
  for (const [i, name] of names.entries()) {
    if (known.includes(name) && names.indexOf(name) === i) continue;
    const guess = nearestName(name, known);
    const remedy = `${guess && guess !== name ? `Did you mean ${guess}? ` : ''}Use each of ${known.join(', ')} at most once.`;
    throw new BitbudgetError('usage', `"${name}" cannot be an objective here.`, remedy);
  }
  return names;
}

/**
 * The budget that limits the very number of an objective; undefined where there can be none.
 *
 * @example budgetOfObjective('latency@rpi4') // => 'latencyMs@rpi4'
 */
export function budgetOfObjective(objective: Objective): BudgetName | undefined {
  const [name, device] = objective.split('@');
  return Object.hasOwn(METRICS, name) ? budgetName(METRICS[name as keyof typeof METRICS], device) : undefined;
}

/** The value of an objective, lower is better, in its metric's unit. */
export function objectiveValue(
  objective: Objective,
  { cost, loss, measures }: Pick<StudyPoint, 'cost' | 'loss' | 'measures'>,
): number {
  if (objective === 'accuracy') return loss;
  const own = measures?.[objective];
  if (own !== undefined) return own;
  const [name, device] = objective.split('@');
  const priced = device === undefined ? cost : cost.byDevice?.[device];
  assert(priced && Object.hasOwn(METRICS, name), `no objective ${objective}`);
  return metricValue(priced, METRICS[name as keyof typeof METRICS]);
}
