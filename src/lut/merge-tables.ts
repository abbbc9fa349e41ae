import { BitbudgetError } from '../core/errors.ts';
import { diffTables } from './compare/diff.ts';
import { deviceDifferences } from './compatibility.ts';
import { createEntry } from './entry-key.ts';
import { mergeEntries } from './merge.ts';
import type { Lut, LutContent, LutEntry, LutInterpolation, LutLatency, LutValidation } from './schema.ts';

/** A table and the name it goes by in messages, such as its path. */
export interface NamedTable {
  name: string;
  table: Lut;
}

/** A key that two tables hold with different figures. */
export interface MergeConflict {
  key: string;
  kept: { from: string; entry: LutEntry };
  dropped: { from: string; entry: LutEntry };
  /** The newer figure is kept, unless it was measured under a worse verdict. */
  reason: 'newer' | 'more trusted';
  /** Whether the two differ significantly, see {@link diffTables}. */
  significant: boolean;
}

export interface MergedTables {
  content: LutContent;
  conflicts: MergeConflict[];
  /** How much slower (above 1) each table is as a whole than the older ones that it shares entries with. */
  drifts: { name: string; factor: number }[];
  /** How many entries of the result each table gave. */
  kept: { name: string; entries: number }[];
}

/**
 * Joins tables of one device, engine and build of the kernels. Entries of tables with another scalar are scaled so that
 * what they predict stays the same; the facts of the session (conditions, scalar, date) are the newest table's. The
 * validation is the worst of the tables as long as none contradicts another, else none.
 *
 * @param tables at least two.
 * @throws {BitbudgetError} `mismatch` for tables of other devices, engines, threads, protocols or kernels, `usage` for
 * fewer than two.
 */
export function mergeTables(tables: readonly NamedTable[]): MergedTables {
  if (tables.length < 2) throw new BitbudgetError('usage', 'There is nothing to merge.', 'Name at least two tables.');
  for (const other of tables.slice(1)) assertMergeable(tables[0], other);
  assertOneBuild(tables);
  const byAge = tables
    .map(({ name, table }, place) => ({ name, table, place }))
    .sort((a, b) => compareText(a.table.measuredAt ?? '', b.table.measuredAt ?? '') || a.place - b.place);
  const newest = byAge[byAge.length - 1].table;
  const conflicts: MergeConflict[] = [];
  const source = new Map<string, string>();
  let merged: LutEntry[] = [];
  const drifts: MergedTables['drifts'] = [];
  let contradicted = false;
  for (const { name, table } of byAge) {
    const entries = scaleEntries(table.entries, table.scalar / newest.scalar);
    const compared = compareOverlap({ ...newest, entries: merged }, { ...table, entries });
    contradicted ||= compared.contradict;
    if (compared.drift !== undefined) drifts.push({ name, factor: compared.drift });
    const known = new Map(merged.map((entry) => [entry.key, entry]));
    merged = mergeEntries(merged, entries);
    const kept = new Set(merged);
    for (const entry of entries) {
      const earlier = known.get(entry.key);
      const wins = kept.has(entry);
      if (earlier && !sameFigures(earlier, entry)) {
        const mine = { from: name, entry };
        const theirs = { from: source.get(entry.key)!, entry: earlier };
        const sides = wins
          ? { kept: mine, dropped: theirs, reason: 'newer' as const }
          : { kept: theirs, dropped: mine, reason: 'more trusted' as const };
        conflicts.push({ key: entry.key, ...sides, significant: compared.significant.has(entry.key) });
      }
      if (wins) source.set(entry.key, name);
    }
  }
  const { sha256: _, ...session } = newest;
  const content: LutContent = {
    ...session,
    clock: { ...newest.clock, stepNs: Math.max(...tables.map(({ table }) => table.clock.stepNs)) },
    protocol: {
      name: newest.protocol.name,
      mergedFrom: byAge.map(({ table }) => table.sha256),
      mergedScalars: byAge.map(({ table }) => table.scalar),
      conflicts: conflicts.length,
    },
    energySource: tables.every(({ table }) => table.energySource === newest.energySource)
      ? newest.energySource
      : 'model',
    validation: contradicted ? null : worstValidation(tables.map(({ table }) => table.validation)),
    disabled: [
      ...new Map(tables.flatMap(({ table }) => table.disabled).map((one) => [one.variant, one])).values(),
    ].sort((a, b) => compareText(a.variant, b.variant)),
    entries: merged,
  };
  const interpolation = worstInterpolation(tables.map(({ table }) => table));
  if (interpolation) content.interpolation = interpolation;
  const given = [...source.values()];
  const kept = tables.map(({ name }) => ({ name, entries: given.filter((from) => from === name).length }));
  return { content, conflicts, drifts, kept };
}

/** Sessions that differ by more than this factor were not of the same device in the same state. */
export const LARGEST_DRIFT = 1.05;

/** Tables that may not be joined differ in what an entry means. */
function assertMergeable(a: NamedTable, b: NamedTable): void {
  const differences = deviceDifferences(a.table, b.table);
  if (a.table.threads !== b.table.threads) differences.push(['threads', a.table.threads, b.table.threads]);
  const protocols = [a.table.protocol.name, b.table.protocol.name] as const;
  if (protocols[0] !== protocols[1]) differences.push(['protocol', ...protocols]);
  if (differences.length === 0) return;
  const listed = differences.map(([what, ofA, ofB]) => `${what} ${ofA} and ${ofB}`).join('; ');
  throw new BitbudgetError(
    'mismatch',
    `${a.name} and ${b.name} cannot be merged: ${listed}.`,
    'Merge only tables of the same device, engine, number of threads and protocol; a search takes several with `--lut`.',
  );
}

/** A kernel that changed between two tables, or that one of them found broken, has no figure that holds for both. */
function assertOneBuild(tables: readonly NamedTable[]): void {
  const hashes = new Map<string, { hash: string; name: string }>();
  for (const { name, table } of tables) {
    for (const { variant, variantSha256, unconditional } of table.entries) {
      const used = [{ variant, hash: variantSha256 }];
      if (unconditional?.variantSha256)
        used.push({ variant: unconditional.variant, hash: unconditional.variantSha256 });
      for (const { variant: id, hash } of used) {
        const known = hashes.get(id);
        if (known && known.hash !== hash) {
          const problem = `${known.name} and ${name} were measured with different builds of the kernel ${id}.`;
          throw new BitbudgetError(
            'mismatch',
            problem,
            'Measure the older one again with `bitbudget profile --resume`.',
          );
        }
        hashes.set(id, { hash, name });
      }
    }
  }
  for (const { name, table } of tables) {
    for (const { variant, reason } of table.disabled) {
      const user = hashes.get(variant);
      if (!user) continue;
      const problem = `${name} lists the kernel ${variant} as disabled (${reason}), but ${user.name} has entries of it.`;
      throw new BitbudgetError('mismatch', problem, `Measure ${user.name} again with \`bitbudget profile\`.`);
    }
  }
}

function scaleEntries(entries: readonly LutEntry[], factor: number): LutEntry[] {
  if (factor === 1) return [...entries];
  const scaled = ({ median, low, high, p95, count }: LutLatency): LutLatency => ({
    median: median * factor,
    low: low * factor,
    high: high * factor,
    p95: p95 * factor,
    count,
  });
  return entries.map(({ key: _, ...fields }) => {
    const { unconditional } = fields;
    return createEntry({
      ...fields,
      latencyUs: scaled(fields.latencyUs),
      ...(unconditional && { unconditional: { ...unconditional, latencyUs: scaled(unconditional.latencyUs) } }),
    });
  });
}

interface Overlap {
  significant: ReadonlySet<string>;
  /** Absent with too few entries in common. */
  drift?: number;
  /** Whether the two cannot both be right about the device as it is. */
  contradict: boolean;
}

function compareOverlap(a: Lut, b: Lut): Overlap {
  const keys = new Set(a.entries.map(({ key }) => key));
  if (!b.entries.some(({ key }) => keys.has(key))) return { significant: new Set(), contradict: false };
  const { rows, counts, drift } = diffTables(a, b);
  const significant = rows.filter(({ verdict }) => verdict === 'faster' || verdict === 'slower');
  const drifted = drift !== null && Math.abs(Math.log(drift.factor)) > Math.log(LARGEST_DRIFT);
  return {
    significant: new Set(significant.map(({ key }) => key)),
    ...(drift && { drift: drift.factor }),
    contradict: drifted || counts.faster + counts.slower > 0,
  };
}

function sameFigures(a: LutEntry, b: LutEntry): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function worstValidation(validations: readonly (LutValidation | null)[]): LutValidation | null {
  return validations.reduce(
    (worst, one) => worst && one && (one.p95RelativeError > worst.p95RelativeError ? one : worst),
  );
}

/** Of the tables with interpolated entries the one that is farthest off. */
function worstInterpolation(tables: readonly Lut[]): LutInterpolation | undefined {
  const error = ({ heldOut }: LutInterpolation) => heldOut?.p95RelativeError ?? Number.POSITIVE_INFINITY;
  return tables
    .flatMap(({ interpolation }) => interpolation ?? [])
    .reduce<LutInterpolation | undefined>(
      (worst, one) => (worst && error(worst) >= error(one) ? worst : one),
      undefined,
    );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
