import { type Command, Option } from 'commander';
import { exitCodeOf } from '../../../core/errors.ts';
import type { Files } from '../../../core/ports.ts';
import type { VariantLimits } from '../../../kernels/registry.ts';
import {
  COVERAGE_STATUSES,
  type Coverage,
  type CoverageRow,
  coverTable,
  type NeededEntry,
} from '../../../lut/coverage.ts';
import { measuringCommand } from '../../../lut/lut-index.ts';
import type { Lut } from '../../../lut/schema.ts';
import { describeWorkload } from '../../../lut/show.ts';
import { reachableEntries } from '../../../measure/reachable.ts';
import { kernelFacts } from '../../../measure/space/plan-space.ts';
import { foldNetwork } from '../../../network/fold.ts';
import { readDevice } from '../../../node/device.ts';
import { openGraph } from '../../../node/open-network.ts';
import { openTable } from '../../../node/tables.ts';
import type { Scheme } from '../../../quant/scheme.ts';
import { createSearchSpace, reachableWorkloads } from '../../../space/index.ts';
import { type SchemeOptions, schemeOptions, schemesOf } from '../../options.ts';
import { readSpace } from '../../read-space.ts';
import type { CliContext } from '../../session.ts';
import { renderTable } from '../../table.ts';
import { describeInterpolation, percent } from '../../validation-text.ts';

/** Missing entries that the text lists; --json holds them all. */
const LISTED = 12;

interface CoverageFlags extends SchemeOptions {
  network: string[];
  space?: string;
  strict?: boolean;
}

/** `bitbudget lut coverage`: what a table knows of a space. */
export function registerCoverage(lut: Command, context: CliContext): void {
  const command = lut
    .command('coverage')
    .description('show what a table has measured, can interpolate and lacks of what networks need')
    .argument('[file]', 'a table; the newest of this device unless given')
    .addOption(new Option('--network <names...>', 'networks of the zoo, or model files').default(['resnet8']));
  command.addOption(
    new Option('--space <file>', 'what a search space needs instead: a file (docs/spaces.md) or a preset'),
  );
  for (const option of schemeOptions()) command.addOption(option);
  command.addOption(new Option('--strict', 'exit with 4 if any entry is neither measured nor in the table otherwise'));
  context.handle<CoverageFlags>(command, async ([given], flags, { files }) => {
    const schemes = schemesOf(flags);
    const needed: { name: string; entries: NeededEntry[] }[] = [];
    if (flags.space !== undefined) needed.push(await neededBySpace(flags.space, flags.network[0], command, files));
    else for (const name of flags.network) needed.push({ name, entries: await neededBy(name, schemes) });
    const { path, table } = await openTable(files, given, readDevice());
    const facts = kernelFacts({ engine: { limits: limitsOf(table) } });
    const networks = needed.map(({ name, entries }) => ({ name, coverage: coverTable(table, entries, facts) }));
    const incomplete = networks.filter(({ coverage: { counts } }) => counts.missing + counts.interpolable > 0);
    const commands = incomplete.map(({ name, coverage }) =>
      measuringCommand({ network: name, space: flags.space, table: path }, lackingSchemes(coverage)),
    );
    const document = {
      path,
      interpolation: table.interpolation ?? null,
      networks: networks.map(({ name, coverage: { counts, heldOut, rows } }) => ({
        network: name,
        counts,
        heldOut,
        missing: rows.filter(({ status }) => status === 'missing').map(({ key }) => key),
        interpolable: rows.filter(({ status }) => status === 'interpolable').map(interpolable),
      })),
      commands,
    };
    const text = () => {
      const parts = networks.map(({ name, coverage }) => describeCoverage(name, coverage, table));
      const remedy =
        commands.length > 0 ? ['', 'Measure what is missing with:', ...commands.map((one) => `  ${one}`)] : [];
      return [path, '', parts.join('\n\n'), ...remedy].join('\n');
    };
    return { document, text, exitCode: flags.strict && incomplete.length > 0 ? exitCodeOf('verification') : 0 };
  });
}

async function neededBy(name: string, schemes: readonly Scheme[]): Promise<NeededEntry[]> {
  const reachable = reachableEntries(foldNetwork(await openGraph(name)), schemes);
  return [...reachable].map(([key, { workload, scheme }]) => ({ key, workload, scheme }));
}

async function neededBySpace(
  source: string,
  given: string,
  command: Command,
  files: Files,
): Promise<{ name: string; entries: NeededEntry[] }> {
  const asked = command.getOptionValueSource('network') === 'default' ? undefined : given;
  const { network: name, space } = await readSpace(source, asked, given, files);
  const network = await openGraph(name);
  const reachable = reachableWorkloads(network, createSearchSpace(network, space));
  return { name, entries: [...reachable].map(([key, { workload, scheme }]) => ({ key, workload, scheme })) };
}

/** What kernels the engine of a table could choose from. */
function limitsOf({ engine, disabled }: Lut): VariantLimits {
  return {
    disabled: new Set(disabled.map(({ variant }) => variant)),
    isas: engine.features.includes('relaxed') ? ['simd', 'relaxed'] : ['simd'],
  };
}

function interpolable({ key, entry }: CoverageRow) {
  return { key, variant: entry!.variant, latencyUs: entry!.latencyUs };
}

/** The schemes to profile for what is not in the table. */
function lackingSchemes({ rows }: Coverage): string[] {
  const open = rows.filter(({ status }) => status === 'missing' || status === 'interpolable');
  const weighted = new Set(open.map(({ scheme }) => scheme).filter((scheme) => scheme !== 'u8'));
  return weighted.size > 0 ? [...weighted].sort() : ['w8a8'];
}

function describeCoverage(name: string, { rows, counts, heldOut }: Coverage, { interpolation }: Lut): string {
  const schemes = [...new Set(rows.map(({ scheme }) => scheme))];
  const present = COVERAGE_STATUSES.filter((status) => counts[status] > 0);
  const count = (scheme: Scheme, status: string) =>
    rows.filter((row) => row.scheme === scheme && row.status === status).length || '';
  const lines = [
    `${name}: ${rows.length} entries needed, ${present.map((status) => `${counts[status]} ${status}`).join(', ')}`,
    '',
    renderTable(
      [{ title: 'scheme' }, ...present.map((title) => ({ title, align: 'right' as const }))],
      schemes.map((scheme) => [scheme, ...present.map((status) => count(scheme, status))]),
    ),
  ];
  if (counts.interpolated > 0 && interpolation) lines.push('', ...describeInterpolation(interpolation));
  if (counts.interpolable > 0 && heldOut) {
    const { entries, medianRelativeError, p95RelativeError } = heldOut;
    const error = `median ${percent(medianRelativeError)}, p95 ${percent(p95RelativeError)}`;
    lines.push('', `Interpolated from this table, ${entries} held-out entries were wrong by ${error}.`);
  }
  const missing = rows.filter(({ status }) => status === 'missing');
  if (missing.length > 0) {
    const listed = missing.slice(0, LISTED).map((row) => `  ${describeWorkload(row.workload)} ${row.scheme}`);
    const more = missing.length > LISTED ? [`  … and ${missing.length - LISTED} more`] : [];
    lines.push('', 'Missing, and nothing near enough to interpolate from:', ...listed, ...more);
  }
  return lines.join('\n');
}
