import type { Cost } from '../cost/types.ts';
import type { SearchResult, SurrogateBatch } from '../search/index.ts';
import { formatCsv } from './csv.ts';

/** One evaluated candidate. */
export interface StudyPoint {
  genome: number[];
  cost: Cost;
  /** Of its accuracy, predicted or measured; lower is better. */
  loss: number;
  feasible: boolean;
  /** Why it is not feasible, such as `over latencyMs`; empty if it is. */
  reason: string;
  /** Values of the study's own measures, by name. */
  measures?: Readonly<Record<string, number>>;
}

/** How the column `accuracy` is filled. */
export interface AccuracyColumn {
  kind: string;
  accuracyOf(loss: number): number;
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
  'energySource',
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

/**
 * The column of a proxy: minus its loss, higher is better.
 *
 * @example proxyColumn('output-noise').kind // => 'proxy:output-noise'
 */
export function proxyColumn(proxyName: string): AccuracyColumn {
  return { kind: `proxy:${proxyName}`, accuracyOf: proxyScore };
}

/** The bytes of reports.csv: a function of the points alone. */
export function formatReports(points: readonly StudyPoint[], accuracy: AccuracyColumn): string {
  const more = furtherColumns(points);
  const rows = points.map((point) => [
    ...fields(point, accuracy.kind, accuracy.accuracyOf(point.loss)),
    ...more.map(({ value }) => value(point)),
  ]);
  return formatCsv([[...COLUMNS, ...more.map(({ name }) => name)], ...rows]);
}

/** Columns of generations.csv. `evaluations` counts all so far, as the rows of reports.csv do. */
export const GENERATION_COLUMNS = ['generation', 'evaluations', 'feasible', 'hypervolume'] as const;

/** The bytes of generations.csv: how far each generation brought the search. The hypervolume is in the objectives' units. */
export function formatGenerations({ history, hypervolumes }: Pick<SearchResult, 'history' | 'hypervolumes'>): string {
  let next = 0;
  let feasible = 0;
  const rows = hypervolumes.map((hypervolume, i) => {
    for (; next < history.length && history[next].generation <= i + 1; next++) {
      if (history[next].violation <= 0) feasible++;
    }
    return [i + 1, next, feasible, hypervolume];
  });
  return formatCsv([GENERATION_COLUMNS, ...rows]);
}

/** Columns of batches.csv; `error` is the mean absolute one, in units of the loss. */
export const BATCH_COLUMNS = ['batch', 'evaluations', 'choice', 'rankCorrelation', 'error'] as const;

/** The bytes of batches.csv: how well each batch of a surrogate search was predicted before it was evaluated. */
export function formatBatches(batches: readonly SurrogateBatch[]): string {
  const rows = batches.map(({ batch, evaluations, choice, correlation, error }) => [
    ...[batch, evaluations, choice, correlation ?? '', error ?? ''],
  ]);
  return formatCsv([BATCH_COLUMNS, ...rows]);
}

/** The bytes of pareto_front.csv; with measurements, `accuracy` is the measured one and the score moves to its own column. */
export function formatFront(
  points: readonly StudyPoint[],
  accuracy: AccuracyColumn,
  measured?: readonly (MeasuredPoint | undefined)[],
): string {
  if (!measured) return formatReports(points, accuracy);
  const more = furtherColumns(points);
  const rows = points.map((point, i) => {
    const { accuracy: top1, latencyMs } = measured[i] ?? {};
    const score = accuracy.accuracyOf(point.loss);
    const known = top1 === undefined ? fields(point, accuracy.kind, score) : fields(point, 'measured', top1);
    return [...known, ...more.map(({ value }) => value(point)), score, latencyMs ?? ''];
  });
  return formatCsv([[...COLUMNS, ...more.map(({ name }) => name), ...MEASURED_COLUMNS], ...rows]);
}

/** Latency, energy and RAM of each device where there are several, and the study's own measures. */
function furtherColumns([first]: readonly StudyPoint[]): { name: string; value(point: StudyPoint): number }[] {
  const devices = Object.keys(first?.cost.byDevice ?? {});
  return [
    ...devices.flatMap((device) => [
      { name: `latencyMs@${device}`, value: ({ cost }: StudyPoint) => cost.byDevice![device].latencyMs.value },
      { name: `energyMj@${device}`, value: ({ cost }: StudyPoint) => cost.byDevice![device].energyMj.value },
      { name: `ramBytes@${device}`, value: ({ cost }: StudyPoint) => cost.byDevice![device].ramBytes },
    ]),
    ...Object.keys(first?.measures ?? {}).map((name) => ({
      name,
      value: ({ measures }: StudyPoint) => measures![name],
    })),
  ];
}

function fields(point: StudyPoint, accuracyKind: string, accuracy: number): (string | number | boolean)[] {
  const { genome, cost, feasible, reason } = point;
  const { latencyMs, energyMj, sizeBytes, ramBytes, macs, bitOps, parameters } = cost;
  const values = [latencyMs.value, energyMj.value, sizeBytes, ramBytes, macs, bitOps, parameters];
  return [genome.join('-'), accuracy, accuracyKind, ...values, feasible, reason, energyMj.source];
}
