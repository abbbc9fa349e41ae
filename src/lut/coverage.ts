import type { Workload } from '../network/workload.ts';
import type { Scheme } from '../quant/scheme.ts';
import { createInterpolator } from './interpolation/interpolate.ts';
import type { VariantFactsOf } from './interpolation/types.ts';
import { LutIndex } from './lut-index.ts';
import type { HeldOutError, Lut, LutEntry } from './schema.ts';

/** How a table knows an entry; `interpolable`: it is not in the table, but could be interpolated from what is. */
export type CoverageStatus = 'measured' | 'doubtful' | 'imported' | 'interpolated' | 'interpolable' | 'missing';

export const COVERAGE_STATUSES: readonly CoverageStatus[] = [
  'measured',
  'doubtful',
  'imported',
  'interpolated',
  'interpolable',
  'missing',
];

/** An entry that some candidate of a space can need. */
export interface NeededEntry {
  key: string;
  workload: Workload;
  scheme: Scheme;
}

export interface CoverageRow extends NeededEntry {
  status: CoverageStatus;
  /** The table's entry, or what interpolation would give; absent where missing. */
  entry?: LutEntry;
}

export interface Coverage {
  rows: CoverageRow[];
  counts: Record<CoverageStatus, number>;
  /** How wrong interpolation from this table is; null where nothing can be held out, or nothing needs it. */
  heldOut: HeldOutError | null;
}

/** `doubtful` entries were measured, but are noisy or throttled. */
const STATUS_OF_TRUST = {
  stable: 'measured',
  noisy: 'doubtful',
  throttled: 'doubtful',
  imported: 'imported',
  interpolated: 'interpolated',
} as const satisfies Record<LutEntry['trust'], CoverageStatus>;

/**
 * What a table knows of the entries that a space needs: measured, interpolated, or missing. Nothing is filled in; an
 * entry that is missing stays an error for whoever asks for its price.
 *
 * @param needed the entries of the space; repeated keys count once.
 * @param factsOf what is known of kernels; guessed from the table where absent.
 */
export function coverTable(table: Lut, needed: Iterable<NeededEntry>, factsOf?: VariantFactsOf): Coverage {
  const index = new LutIndex(table);
  const distinct = [...new Map([...needed].map((one) => [one.key, one])).values()];
  const open = distinct.filter(({ key }) => !index.has(key));
  const interpolator = open.length > 0 ? createInterpolator(table, factsOf) : undefined;
  const rows = distinct.map(({ key, workload, scheme }): CoverageRow => {
    const entry = index.get(key);
    if (entry) return { key, workload, scheme, status: STATUS_OF_TRUST[entry.trust], entry };
    const guess = interpolator!.entryOf({ workload, scheme });
    if (guess) return { key, workload, scheme, status: 'interpolable', entry: guess };
    return { key, workload, scheme, status: 'missing' };
  });
  const counts = Object.fromEntries(COVERAGE_STATUSES.map((status) => [status, 0])) as Record<CoverageStatus, number>;
  for (const { status } of rows) counts[status]++;
  return { rows, counts, heldOut: interpolator?.heldOut ?? null };
}
