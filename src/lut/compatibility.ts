import { BitbudgetError } from '../core/errors.ts';
import type { Lut, LutDevice, LutEngine, LutEntry } from './schema.ts';

/** Names of entries that a message lists before it only counts the rest. */
const LISTED_ENTRIES = 3;

/** Major version of the engine: the compiler does not change within one. */
export function engineMajor({ engine }: Pick<Lut, 'engine'>): string {
  return engine.version.replace(/^v/, '').split('.')[0];
}

/** In which facts of device and engine two tables differ, each with both values. */
export function deviceDifferences(
  a: Pick<Lut, 'device' | 'engine'>,
  b: Pick<Lut, 'device' | 'engine'>,
): [what: string, ofA: string | number, ofB: string | number][] {
  const featuresOf = (features: readonly string[]) => [...features].sort().join(', ') || 'none';
  const compared: [what: string, ofA: string | number, ofB: string | number][] = [
    ['device', a.device.id, b.device.id],
    ['processor', a.device.cpu, b.device.cpu],
    ['number of cores', a.device.cores, b.device.cores],
    ['architecture', a.device.arch, b.device.arch],
    ['engine', a.engine.name, b.engine.name],
    ['engine version', engineMajor(a), engineMajor(b)],
    ['engine features', featuresOf(a.engine.features), featuresOf(b.engine.features)],
  ];
  return compared.filter(([, ofA, ofB]) => ofA !== ofB);
}

/**
 * Refuses a table of another device or engine, for the commands that compare it with fresh measurements (`verify`,
 * `run`, `profile --resume`). A search accepts any table. Engines are the same where name, major version and features
 * agree: the compiler does not change within a major version.
 *
 * @throws {BitbudgetError} `mismatch` naming what differs.
 */
export function assertSameDevice(lut: Pick<Lut, 'device' | 'engine'>, device: LutDevice, engine: LutEngine): void {
  const differences = deviceDifferences(lut, { device, engine });
  if (differences.length === 0) return;
  const listed = differences.map(([what, table, here]) => `${what} ${table}, here ${here}`).join('; ');
  throw new BitbudgetError(
    'mismatch',
    `The table was measured elsewhere: ${listed}.`,
    'Measure this device with `bitbudget profile`, or pass its own table with `--lut`.',
  );
}

/**
 * The entries whose kernels are not those of this build any more.
 *
 * @param hashes SHA-256 of every kernel variant of this build, by variant id.
 */
export function changedEntries(lut: Pick<Lut, 'entries'>, hashes: ReadonlyMap<string, string>): LutEntry[] {
  return lut.entries.filter(({ variant, variantSha256, unconditional }) => {
    if (hashes.get(variant) !== variantSha256) return true;
    if (!unconditional) return false;
    const hash = hashes.get(unconditional.variant);
    return hash === undefined || (unconditional.variantSha256 !== undefined && unconditional.variantSha256 !== hash);
  });
}

/**
 * Refuses a table measured with other kernels than this build has.
 *
 * @param hashes SHA-256 of every kernel variant of this build, by variant id.
 * @param keys the entries that will be used; all where absent.
 * @throws {BitbudgetError} `mismatch` naming the first entries concerned.
 */
export function assertSameKernels(
  lut: Pick<Lut, 'entries'>,
  hashes: ReadonlyMap<string, string>,
  keys?: ReadonlySet<string>,
): void {
  const changed = changedEntries(lut, hashes).filter(({ key }) => !keys || keys.has(key));
  if (changed.length === 0) return;
  const named = changed.slice(0, LISTED_ENTRIES).map(({ key, variant }) => `"${key}" (${variant})`);
  const more = changed.length > named.length ? ` and ${changed.length - named.length} more` : '';
  throw new BitbudgetError(
    'mismatch',
    `The table was measured with other kernels: ${named.join(', ')}${more}.`,
    'Measure them again with `bitbudget profile`.',
  );
}
