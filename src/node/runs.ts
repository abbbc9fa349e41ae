import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';

/**
 * The run folder that was written last under `runs/`.
 *
 * @throws {BitbudgetError} `input` if there is none.
 */
export async function newestRun(files: Files): Promise<string> {
  const names = (await files.exists('runs')) ? await files.list('runs') : [];
  const finished = names.map((name) => join('runs', name, 'pareto_front.csv'));
  const dated: { folder: string; ms: number }[] = [];
  for (const [i, path] of finished.entries()) {
    if (await files.exists(path)) dated.push({ folder: join('runs', names[i]), ms: (await stat(path)).mtimeMs });
  }
  dated.sort((a, b) => b.ms - a.ms);
  if (dated.length > 0) return dated[0].folder;
  throw new BitbudgetError(
    'input',
    'There is no finished run under runs/.',
    'Start one with `bitbudget search`, or name the files.',
  );
}

/** The candidate files of the newest run's front, in order. */
export async function newestFront(files: Files): Promise<string[]> {
  return frontFiles(files, await newestRun(files));
}

/** The candidate files of a run's front, in order. */
export async function frontFiles(files: Files, run: string): Promise<string[]> {
  const folder = join(run, 'front');
  const names = (await files.exists(folder)) ? await files.list(folder) : [];
  const candidates = names.filter((name) => name.endsWith('.json')).sort();
  if (candidates.length > 0) return candidates.map((name) => join(folder, name));
  throw new BitbudgetError('input', `The run ${run} has no candidates.`, 'Search again with a looser budget.');
}
