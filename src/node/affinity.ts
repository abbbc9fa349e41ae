import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/**
 * Binds a process to the last core, which systems use least for their own work, so that it keeps its caches. On machines
 * with one core there is nothing to choose; without `taskset` (util-linux) nothing is bound.
 *
 * @returns the core, or null.
 */
export function pinToCore(pid: number | undefined): number | null {
  const core = cpus().length - 1;
  if (pid === undefined || core < 1 || process.platform !== 'linux') return null;
  const { status } = spawnSync('taskset', ['--cpu-list', '--pid', String(core), String(pid)], { stdio: 'ignore' });
  return status === 0 ? core : null;
}
