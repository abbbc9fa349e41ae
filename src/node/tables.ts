import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';
import { chooseDevice, type DeviceFacts, readDevices } from '../cost/device.ts';
import type { Isa } from '../kernels/types.ts';
import { assertSameThreads, countThreads } from '../lut/compatibility.ts';
import { readLut } from '../lut/file.ts';
import type { Lut, LutDevice, LutEngine } from '../lut/schema.ts';
import { PROTOCOLS, type ProtocolName } from '../measure/protocols.ts';

/** Where a device's table is written and looked for, in the working folder. */
export function tablePath(
  device: Pick<LutDevice, 'id'>,
  engine: Pick<LutEngine, 'name' | 'version' | 'features'>,
  threads = 1,
  protocol: ProtocolName = 'in-context',
): string {
  const [major] = engine.version.split('.');
  const isa: Isa = engine.features.includes('relaxed') ? 'relaxed' : 'simd';
  const suffix = protocol === 'in-context' ? '' : `-${protocol}`;
  return join('lut', device.id, `${engine.name}${major}-${isa}-t${threads}${suffix}.json`);
}

/** A table and where it was read from. */
export interface OpenedTable {
  path: string;
  table: Lut;
}

/**
 * The table that a command works with: the given file, or else the newest of this device in the working folder.
 *
 * @param threads with which it must have been measured; any number where absent.
 * @throws {BitbudgetError} `input` if there is none, `damaged-file` if it is not as it was written, `mismatch` if it was
 * measured with another number of threads.
 */
export async function openTable(
  files: Files,
  path: string | undefined,
  device: LutDevice,
  threads?: number,
): Promise<OpenedTable> {
  const chosen = path ?? (await newestTable(files, join('lut', device.id), threads));
  if (!chosen) {
    const measured = threads === undefined ? '' : ` measured with ${countThreads(threads)}`;
    const flag = threads === undefined || threads === 1 ? '' : ` --threads ${threads}`;
    throw new BitbudgetError(
      'input',
      `There is no table of this device (${device.id})${measured} under lut/.`,
      `Measure it with \`bitbudget profile${flag}\`, or name another table with \`--lut\`.`,
    );
  }
  const table = await readLut(files, chosen);
  if (threads !== undefined) assertSameThreads(table, threads);
  return { path: chosen, table };
}

/**
 * Several tables, as a search under the budgets of several devices takes them; one where no file is given.
 *
 * @throws {BitbudgetError} as `openTable` does.
 */
export async function openTables(
  files: Files,
  paths: readonly string[] | undefined,
  device: LutDevice,
  threads: number,
): Promise<OpenedTable[]> {
  const tables: OpenedTable[] = [];
  for (const path of paths ?? [undefined]) tables.push(await openTable(files, path, device, threads));
  return tables;
}

/** By the names that `tablePath` gives: those of other numbers of threads are passed over. */
async function newestTable(files: Files, folder: string, threads: number | undefined): Promise<string | undefined> {
  if (!(await files.exists(folder))) return undefined;
  const isWanted = (name: string) =>
    !isOfOtherProtocol(name) && (threads === undefined || (/-t(\d+)\.json$/.exec(name)?.[1] ?? '1') === `${threads}`);
  const tables = (await files.list(folder))
    .filter((name) => name.endsWith('.json') && isWanted(name))
    .map((name) => join(folder, name));
  const dated = await Promise.all(tables.map(async (path) => ({ path, ms: (await stat(path)).mtimeMs })));
  dated.sort((a, b) => b.ms - a.ms || (a.path < b.path ? -1 : 1));
  return dated[0]?.path;
}

/** Tables for comparison are used where they are asked for by name. */
function isOfOtherProtocol(name: string): boolean {
  return PROTOCOLS.some((protocol) => name.endsWith(`-${protocol}.json`));
}

/** What is known of the device that a table was measured on, for the energy model. */
export async function deviceFacts(
  files: Files,
  { device }: { device: Pick<LutDevice, 'arch' | 'model'> },
): Promise<DeviceFacts> {
  const folder = fileURLToPath(new URL('../../devices', import.meta.url));
  return chooseDevice(await readDevices(files, folder), device);
}
