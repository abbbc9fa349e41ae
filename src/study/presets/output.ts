import { formatCsv } from '../csv.ts';
import type { AccuracyColumn, MeasuredPoint, StudyPoint } from '../rows.ts';

/** The columns of the published tools' front. */
export const OUTPUT_COLUMNS = ['encoding', 'flops', 'parameters', 'accuracy'] as const;

/**
 * The bytes of output.csv, the front in the published tools' own columns: encoding, FLOPs (multiply-accumulates weighted
 * by their bits), parameters (weighted likewise) and accuracy, measured where it was.
 */
export function formatOutput(
  points: readonly StudyPoint[],
  column: AccuracyColumn,
  measured: readonly (MeasuredPoint | undefined)[] = [],
): string {
  const rows = points.map(({ genome, cost, loss }, i) => [
    genome.join('-'),
    cost.flops ?? cost.macs,
    cost.weightedParameters ?? cost.parameters,
    measured[i]?.accuracy ?? column.accuracyOf(loss),
  ]);
  return formatCsv([OUTPUT_COLUMNS, ...rows]);
}
