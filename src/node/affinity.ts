import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/**
 * Binds a process to the last cores, as many as it has threads of its own: systems use these least for their own work, and
 * caches are kept. Where that would be all cores there is nothing to choose; without `taskset` (util-linux) nothing is bound.
 *
 * @returns the core, or the first and the last one, such as `2-3`; null where nothing is bound.
 */
export function pinToCores(pid: number | undefined, threads: number): number | string | null {
  const last = cpus().length - 1;
  const first = last - threads + 1;
  if (pid === undefined || first < 1 || process.platform !== 'linux') return null;
  const list = first === last ? String(last) : `${first}-${last}`;
  const { status } = spawnSync('taskset', ['--cpu-list', '--pid', list, String(pid)], { stdio: 'ignore' });
  if (status !== 0) return null;
  return first === last ? last : list;
}
