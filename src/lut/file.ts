import { assert, BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';
import { parseLut } from './check.ts';
import type { Lut, LutContent } from './schema.ts';
import { serializeLut } from './serialize.ts';

/**
 * Reads a table's file.
 *
 * @throws {BitbudgetError} `input` where there is no such file, `damaged-file` where it is not as it was written.
 */
export async function readLut(files: Files, path: string): Promise<Lut> {
  if (!(await files.exists(path))) {
    const remedy = 'Check the path, or measure this device with `bitbudget profile`.';
    throw new BitbudgetError('input', `There is no table at ${path}.`, remedy);
  }
  return parseLut(await files.readText(path), path);
}

/**
 * Writes a table: the bytes are built and read back before the file is touched, then replaced in one step, so a good
 * table is never overwritten by a damaged one. Nor by a poorer one: a sound table at the path whose entries the new one
 * lacks is refused, unless `allowFewerEntries` is set; merge them first with {@link mergeEntries}.
 *
 * @returns the table as it can be read from the file now.
 * @throws {BitbudgetError} `mismatch` where entries would be lost.
 */
export async function writeLut(
  files: Files,
  path: string,
  content: LutContent,
  options: { allowFewerEntries?: boolean } = {},
): Promise<Lut> {
  const text = serializeLut(content);
  const lut = parseLut(text, path);
  assert(serializeLut(lut) === text, 'a table read back is written differently');
  if (!options.allowFewerEntries) await assertKeepsEntries(files, path, lut);
  await files.writeAtomic(path, text);
  return lut;
}

async function assertKeepsEntries(files: Files, path: string, lut: Lut): Promise<void> {
  if (!(await files.exists(path))) return;
  let existing: Lut;
  try {
    existing = parseLut(await files.readText(path), path);
  } catch (error) {
    if (error instanceof BitbudgetError && error.kind === 'damaged-file') return; // nothing sound to lose
    throw error;
  }
  const kept = new Set(lut.entries.map(({ key }) => key));
  const lost = existing.entries.filter(({ key }) => !kept.has(key));
  if (lost.length === 0) return;
  throw new BitbudgetError(
    'mismatch',
    `Writing ${path} would lose ${lost.length} measured entries, such as "${lost[0].key}".`,
    'Continue the table with `--resume`, or write to another file with `--out`.',
  );
}
