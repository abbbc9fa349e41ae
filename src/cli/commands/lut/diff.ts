import { type Command, InvalidArgumentError, Option } from 'commander';
import { exitCodeOf } from '../../../core/errors.ts';
import { DEFAULT_FALSE_DISCOVERY_RATE, diffTables, type EntryDiff, type LutDiff } from '../../../lut/compare/diff.ts';
import { readLut } from '../../../lut/file.ts';
import type { Lut } from '../../../lut/schema.ts';
import { describeWorkload } from '../../../lut/show.ts';
import type { CliContext } from '../../session.ts';
import { renderTable } from '../../table.ts';
import { percent } from '../../validation-text.ts';

interface DiffFlags {
  all?: boolean;
  rate: number;
  strict?: boolean;
}

/** `bitbudget lut diff`: what changed from one table to another. */
export function registerDiff(lut: Command, context: CliContext): void {
  const command = lut
    .command('diff')
    .description('compare two tables: which entries are significantly faster or slower in the second')
    .argument('<a>', 'a table')
    .argument('<b>', 'the table that is compared with it')
    .addOption(new Option('--all', 'list the unchanged entries too'))
    .addOption(
      new Option('--rate <share>', 'false discovery rate: the share of the findings that may be wrong')
        .argParser(share)
        .default(DEFAULT_FALSE_DISCOVERY_RATE),
    )
    .addOption(new Option('--strict', 'exit with 4 if any entry is significantly slower'))
    .addHelpText('after', '\nThe test is derived in docs/tables.md.');
  context.handle<DiffFlags>(command, async ([pathA, pathB], { all, rate, strict }, { files, note }) => {
    const [a, b] = [await readLut(files, pathA), await readLut(files, pathB)];
    const diff = diffTables(a, b, { falseDiscoveryRate: rate });
    for (const warning of diff.warnings) note(`warning: ${warning}`);
    const titles = [`A ${pathA}: ${describeTable(a)}`, `B ${pathB}: ${describeTable(b)}`];
    return {
      document: documentOf(diff, pathA, pathB),
      text: () => [...titles, '', describeDiff(diff, all ?? false)].join('\n'),
      exitCode: strict && diff.counts.slower > 0 ? exitCodeOf('verification') : 0,
    };
  });
}

function describeTable({ device, engine, entries, measuredAt }: Lut): string {
  return `${entries.length} entries, ${device.cpu}, ${engine.name} ${engine.version}, ${measuredAt ?? 'no date'}`;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value < 1) return value;
  throw new InvalidArgumentError('Give a share between 0 and 1, such as 0.01.');
}

function documentOf({ rows, ...facts }: LutDiff, a: string, b: string) {
  const side = ({ variant, variantSha256, latencyUs, trust }: EntryDiff['a']) => ({
    variant,
    variantSha256,
    latencyUs,
    trust,
  });
  return { a, b, ...facts, rows: rows.map((row) => ({ ...row, a: side(row.a), b: side(row.b) })) };
}

function describeDiff(diff: LutDiff, all: boolean): string {
  const { counts, otherKernel, rows, kernels, drift } = diff;
  const lines: string[] = [];
  if (drift) lines.push(describeDrift(drift));
  if (diff.sessionSpread > 0.0005) {
    const spread = percent(diff.sessionSpread);
    lines.push(`From session to session entries scatter by ±${spread} more than their own samples show.`);
  }
  lines.push('', headline(diff));
  const changed = rows.filter(({ verdict, otherKernel: other }) => !other && verdict !== 'unchanged');
  if (all) lines.push('', entryTable(rows));
  else if (changed.length > 0) lines.push('', entryTable(changed));
  for (const { variant, entries, faster, slower, medianChange, codeChanged } of kernels) {
    const code = codeChanged ? ', its code changed' : '';
    lines.push(
      `${variant}: ${faster} faster, ${slower} slower of ${entries} entries, median ×${factor(medianChange)}${code}`,
    );
  }
  const others = Object.values(otherKernel).reduce((sum, count) => sum + count, 0);
  if (others > 0) {
    const differing = rows.filter((row) => row.otherKernel && (row.verdict === 'faster' || row.verdict === 'slower'));
    const text = `${others} entries run another kernel in B, as the races of the profile fell out;`;
    lines.push(
      `${text} ${otherKernel.faster} of them are significantly faster for it and ${otherKernel.slower} slower.`,
    );
    if (!all && differing.length > 0) lines.push('', entryTable(differing));
  }
  if (counts.untested > 0) lines.push(`${counts.untested} entries have a single sample and cannot be tested.`);
  for (const [name, keys] of [
    ['A', diff.onlyInA],
    ['B', diff.onlyInB],
  ] as const) {
    if (keys.length > 0) lines.push(`Only in ${name}: ${keys.length} entries, such as ${keys[0]}.`);
  }
  return lines.join('\n');
}

function describeDrift({ factor: value, low, high }: NonNullable<LutDiff['drift']>): string {
  const range = `95% interval ×${factor(low)} to ×${factor(high)}`;
  if (low <= 1 && high >= 1) return `The sessions as a whole agree: B / A is ×${factor(value)}, ${range}.`;
  const word = value > 1 ? 'slower' : 'faster';
  return `B as a whole is ${word} than A: ×${factor(value)}, ${range}. This drift is taken out of the changes below.`;
}

function headline({ counts, measurements, entries, falseDiscoveryRate }: LutDiff): string {
  const basis = `${measurements} measurements of the same kernels behind ${entries} entries`;
  const rate = `false discovery rate ${percent(falseDiscoveryRate)}`;
  if (counts.faster + counts.slower === 0) return `No significant difference (${basis}, ${rate}).`;
  return `${counts.slower} entries are significantly slower and ${counts.faster} faster, ${counts.unchanged} unchanged (${basis}, ${rate}).`;
}

function entryTable(rows: readonly EntryDiff[]): string {
  const sorted = [...rows].sort((x, y) => (y.change?.value ?? 1) - (x.change?.value ?? 1));
  const us = (value: number) => value.toFixed(value < 100 ? 2 : 1);
  return renderTable(
    [
      { title: 'workload' },
      { title: 'scheme' },
      { title: 'kernel' },
      { title: 'A µs', align: 'right' },
      { title: 'B µs', align: 'right' },
      { title: 'change', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: 'verdict' },
    ],
    sorted.map(({ a, b, change, verdict, otherKernel }) => [
      describeWorkload(a.workload),
      a.scheme,
      otherKernel ? `${a.variant} → ${b.variant}` : a.variant,
      us(a.latencyUs.median),
      us(b.latencyUs.median),
      change ? `×${factor(change.value)}` : '',
      change ? `×${factor(change.low)} – ×${factor(change.high)}` : '',
      verdict,
    ]),
  );
}

function factor(value: number): string {
  return value.toFixed(3);
}
