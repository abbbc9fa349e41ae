import { type Command, Option } from 'commander';
import { BitbudgetError } from '../../../core/errors.ts';
import { readLut, writeLut } from '../../../lut/file.ts';
import { LARGEST_DRIFT, type MergeConflict, type MergedTables, mergeTables } from '../../../lut/merge-tables.ts';
import type { LutEntry } from '../../../lut/schema.ts';
import { describeWorkload } from '../../../lut/show.ts';
import type { CliContext } from '../../session.ts';
import { renderTable } from '../../table.ts';
import { percent } from '../../validation-text.ts';

/** Conflicts that the text lists; --json holds them all. */
const LISTED_CONFLICTS = 20;

/** `bitbudget lut merge`: several tables of one device as one. */
export function registerMerge(lut: Command, context: CliContext): void {
  const command = lut
    .command('merge')
    .description('join tables of the same device and kernels; where both hold an entry the newer one wins')
    .argument('<tables...>', 'two tables or more')
    .addOption(new Option('--out <file>', 'the joined table; may be one of the tables').makeOptionMandatory());
  context.handle<{ out: string }>(command, async (paths, { out }, { files, note }) => {
    const repeated = paths.find((path, i) => paths.indexOf(path) !== i);
    if (repeated) throw new BitbudgetError('usage', `${repeated} is named twice.`, 'Name each table once.');
    const tables = await Promise.all(paths.map(async (name) => ({ name, table: await readLut(files, name) })));
    const merged = mergeTables(tables);
    for (const warning of warningsOf(merged)) note(`warning: ${warning}`);
    const table = await writeLut(files, out, merged.content);
    const { conflicts, drifts, kept } = merged;
    const document = { path: out, sha256: table.sha256, entries: table.entries.length, kept, drifts, conflicts };
    return { document, text: () => describeMerge(out, table.entries.length, merged) };
  });
}

function warningsOf({ content, drifts }: MergedTables): string[] {
  const warnings = drifts
    .filter(({ factor }) => Math.abs(Math.log(factor)) > Math.log(LARGEST_DRIFT))
    .map(({ name, factor }) => {
      const share = percent(Math.abs(factor - 1));
      return `${name} is ${share} ${factor > 1 ? 'slower' : 'faster'} as a whole than the tables before it: one of the sessions was disturbed, and sums of entries of both will be wrong. Measure one again.`;
    });
  if (content.validation === null) {
    warnings.push('The joined table carries no validation: predictions get the widest interval.');
  }
  return warnings;
}

function describeMerge(out: string, entries: number, { conflicts, kept }: MergedTables): string {
  const shares = kept.map(({ name, entries: own }) => `${own} of ${name}`).join(', ');
  const lines = [`${out}: ${entries} entries (${shares})`];
  if (conflicts.length === 0) return [...lines, 'No entry was in two tables with different figures.'].join('\n');
  const significant = conflicts.filter((conflict) => conflict.significant).length;
  lines.push(
    `${conflicts.length} entries were in two tables with different figures; ${significant} differ significantly.`,
    '',
    conflictTable(conflicts),
  );
  const more = conflicts.length - LISTED_CONFLICTS;
  if (more > 0) lines.push(`… and ${more} more; --json lists them all.`);
  return lines.join('\n');
}

function conflictTable(conflicts: readonly MergeConflict[]): string {
  const ratio = ({ kept, dropped }: MergeConflict) => dropped.entry.latencyUs.median / kept.entry.latencyUs.median;
  const size = (conflict: MergeConflict) => Math.abs(Math.log(ratio(conflict)));
  const sorted = [...conflicts].sort(
    (a, b) => Number(b.significant) - Number(a.significant) || size(b) - size(a) || (a.key < b.key ? -1 : 1),
  );
  const figure = ({ latencyUs, variant }: LutEntry) => `${latencyUs.median.toFixed(2)} ${variant}`;
  return renderTable(
    [
      { title: 'workload' },
      { title: 'scheme' },
      { title: 'kept, µs' },
      { title: 'dropped, µs' },
      { title: 'dropped / kept', align: 'right' },
      { title: 'why' },
    ],
    sorted
      .slice(0, LISTED_CONFLICTS)
      .map((conflict) => [
        describeWorkload(conflict.kept.entry.workload),
        conflict.kept.entry.scheme,
        figure(conflict.kept.entry),
        figure(conflict.dropped.entry),
        ratio(conflict).toFixed(3),
        `${conflict.reason}${conflict.significant ? ', significant' : ''}`,
      ]),
  );
}
