import { BitbudgetError } from '../core/errors.ts';
import type { Lut, LutDevice, LutEngine, LutEntry } from './schema.ts';

/** Names of entries that a message lists before it only counts the rest. */
const LISTED_ENTRIES = 3;

/**
 * Refuses a table of another device or engine, for the commands that compare it with fresh measurements (`verify`,
 * `run`, `profile --resume`). A search accepts any table. Engines are the same where name, major version and features
 * agree: the compiler does not change within a major version.
 *
 * @throws {BitbudgetError} `mismatch` naming what differs.
 */
export function assertSameDevice(lut: Pick<Lut, 'device' | 'engine'>, device: LutDevice, engine: LutEngine): void {
  const majorOf = (version: string) => version.replace(/^v/, '').split('.')[0];
  const featuresOf = (features: readonly string[]) => [...features].sort().join(', ') || 'none';
  const compared: [what: string, table: string | number, here: string | number][] = [
    ['device', lut.device.id, device.id],
    ['processor', lut.device.cpu, device.cpu],
    ['number of cores', lut.device.cores, device.cores],
    ['architecture', lut.device.arch, device.arch],
    ['engine', lut.engine.name, engine.name],
    ['engine version', majorOf(lut.engine.version), majorOf(engine.version)],
    ['engine features', featuresOf(lut.engine.features), featuresOf(engine.features)],
  ];
  const differences = compared.filter(([, table, here]) => table !== here);
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
