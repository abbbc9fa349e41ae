import { type Coverage, type CoverageStatus, coverTable } from '../lut/coverage.ts';
import { entryKey } from '../lut/entry-key.ts';
import type { Lut } from '../lut/schema.ts';
import { describeWorkload } from '../lut/show.ts';
import type { Network } from '../network/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import { reachableEntries } from './reachable.ts';

/** What a table knows of one workload of a network. */
export interface WorkloadCoverage {
  /** In words, see `describeWorkload`. */
  workload: string;
  /** The layers that can run it. */
  layers: string[];
  /** Schemes in the table, measured or otherwise. */
  covered: Scheme[];
  /** Schemes that are not. */
  uncovered: { scheme: Scheme; status: Extract<CoverageStatus, 'interpolable' | 'missing'> }[];
}

export interface NetworkCoverage {
  schemes: readonly Scheme[];
  workloads: WorkloadCoverage[];
  /** Entries by what the table knows of them. */
  counts: Coverage['counts'];
}

/**
 * Which workloads of a network a table covers, and in which schemes.
 *
 * @param schemes those that layers with weights may take; the table's own unless given.
 */
export function coverNetwork(folded: Network, table: Lut, schemes = schemesOfTable(table)): NetworkCoverage {
  const reachable = reachableEntries(folded, schemes);
  const needed = [...reachable].map(([key, { workload, scheme }]) => ({ key, workload, scheme }));
  const { rows, counts } = coverTable(table, needed);
  const workloads = new Map<string, WorkloadCoverage>();
  for (const { key, workload, scheme, status } of rows) {
    const identity = entryKey(workload, 'f32'); // the same for all schemes
    const known = workloads.get(identity);
    const row = known ?? { workload: describeWorkload(workload), layers: [], covered: [], uncovered: [] };
    if (!known) workloads.set(identity, row);
    for (const layer of reachable.get(key)!.layers) if (!row.layers.includes(layer)) row.layers.push(layer);
    if (status === 'interpolable' || status === 'missing') row.uncovered.push({ scheme, status });
    else row.covered.push(scheme);
  }
  return { schemes, workloads: [...workloads.values()], counts };
}

/** The schemes of layers with weights that a table has entries of; w8a8 where there are none. */
function schemesOfTable({ entries }: Lut): Scheme[] {
  const weighted = entries.filter(({ workload }) => workload.op === 'conv2d' || workload.op === 'dense');
  const schemes = [...new Set(weighted.map(({ scheme }) => scheme))].sort();
  return schemes.length > 0 ? schemes : ['w8a8'];
}
