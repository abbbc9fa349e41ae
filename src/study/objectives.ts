import { BitbudgetError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { type Cost, type CostMetric, metricValue } from '../cost/types.ts';

/** What a search may be asked to minimise; `accuracy` is maximised by minimising the proxy's loss. */
export type Objective = 'accuracy' | 'latency' | 'energy' | 'size' | 'ram' | 'macs' | 'bitops';

const METRICS: Record<Exclude<Objective, 'accuracy'>, CostMetric> = {
  latency: 'latencyMs',
  energy: 'energyMj',
  size: 'sizeBytes',
  ram: 'ramBytes',
  macs: 'macs',
  bitops: 'bitOps',
};

export const OBJECTIVES: readonly Objective[] = [
  'accuracy',
  ...(Object.keys(METRICS) as Exclude<Objective, 'accuracy'>[]),
];

/**
 * Objectives from a flag's text.
 *
 * @throws {BitbudgetError} `usage` for an unknown or repeated name.
 * @example parseObjectives('accuracy,latency') // => ['accuracy', 'latency']
 */
export function parseObjectives(text: string): Objective[] {
  const names = text.split(',').map((name) => name.trim());
  for (const [i, name] of names.entries()) {
    if ((OBJECTIVES as string[]).includes(name) && names.indexOf(name) === i) continue;
    const guess = nearestName(name, OBJECTIVES);
    const remedy = `${guess && guess !== name ? `Did you mean ${guess}? ` : ''}Use each of ${OBJECTIVES.join(', ')} at most once.`;
    throw new BitbudgetError('usage', `"${name}" cannot be an objective here.`, remedy);
  }
  return names as Objective[];
}

/** The value of an objective, lower is better, in its metric's unit. */
export function objectiveValue(objective: Objective, cost: Cost, loss: number): number {
  return objective === 'accuracy' ? loss : metricValue(cost, METRICS[objective]);
}
