import type { Cost } from '../cost/types.ts';
import { formatCsv } from './csv.ts';

/** One evaluated candidate. */
export interface StudyPoint {
  genome: number[];
  cost: Cost;
  /** The proxy's loss; lower is better. */
  loss: number;
  feasible: boolean;
  /** Why it is not feasible; empty if it is. */
  reason: string;
}

/** What running a candidate added to its prediction; accuracy in [0, 1]. */
export interface MeasuredPoint {
  accuracy?: number;
  latencyMs?: number;
}

/** Columns of reports.csv and pareto_front.csv; the units are part of the names. */
export const COLUMNS = [
  'encoding',
  'accuracy',
  'accuracyKind',
  'latencyMs',
  'energyMj',
  'sizeBytes',
  'ramBytes',
  'macs',
  'bitOps',
  'parameters',
  'feasible',
  'reason',
] as const;

/** Columns that pareto_front.csv gains once candidates were run. */
const MEASURED_COLUMNS = ['proxyAccuracy', 'measuredLatencyMs'] as const;

/**
 * The score that stands in the column `accuracy` where it was not measured: minus the proxy's loss, higher is better.
 *
 * @example proxyScore(0.25) // => -0.25
 */
export function proxyScore(loss: number): number {
  return 0 - loss;
}

/** The bytes of reports.csv: a function of the points alone. */
export function formatReports(points: readonly StudyPoint[], proxyName: string): string {
  return formatCsv([COLUMNS, ...points.map((point) => fields(point, `proxy:${proxyName}`, proxyScore(point.loss)))]);
}

/** The bytes of pareto_front.csv; with measurements, `accuracy` is the measured one and the score moves to its own column. */
export function formatFront(
  points: readonly StudyPoint[],
  proxyName: string,
  measured?: readonly (MeasuredPoint | undefined)[],
): string {
  if (!measured) return formatReports(points, proxyName);
  const rows = points.map((point, i) => {
    const { accuracy, latencyMs } = measured[i] ?? {};
    const score = proxyScore(point.loss);
    const known =
      accuracy === undefined ? fields(point, `proxy:${proxyName}`, score) : fields(point, 'measured', accuracy);
    return [...known, score, latencyMs ?? ''];
  });
  return formatCsv([[...COLUMNS, ...MEASURED_COLUMNS], ...rows]);
}

function fields(point: StudyPoint, accuracyKind: string, accuracy: number): (string | number | boolean)[] {
  const { genome, cost, feasible, reason } = point;
  const { latencyMs, energyMj, sizeBytes, ramBytes, macs, bitOps, parameters } = cost;
  const values = [latencyMs.value, energyMj.value, sizeBytes, ramBytes, macs, bitOps, parameters];
  return [genome.join('-'), accuracy, accuracyKind, ...values, feasible, reason];
}
