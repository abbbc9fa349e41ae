import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The processor cores that a process may choose from; all of them are equally fast. */
export interface CoreChoice {
  /** The core that the process is bound to; null where nothing is bound. */
  core: number | null;
  /** Moves the process to the next core: what shares a core with it, such as its other thread, is different there. */
  move(): void;
}

/**
 * Binds a process to the last core, which systems use least for their own work, so that it keeps its caches. On machines
 * with one core, or with fast and slow ones, there is nothing to choose; without `taskset` (util-linux) nothing is bound.
 */
export function bindToCore(pid: number): CoreChoice {
  const count = cpus().length;
  const choice: CoreChoice = { core: null, move: () => {} };
  if (count < 2 || process.platform !== 'linux' || !coresAreAlike()) return choice;
  const bind = (core: number) => {
    const { status } = spawnSync('taskset', ['--cpu-list', '--pid', String(core), String(pid)], { stdio: 'ignore' });
    choice.core = status === 0 ? core : null;
  };
  bind(count - 1);
  if (choice.core !== null) choice.move = () => bind(((choice.core ?? 0) + 1) % count);
  return choice;
}

/** Whether all cores have the same greatest frequency, as far as the system tells. */
function coresAreAlike(root = '/sys/devices/system/cpu'): boolean {
  try {
    const cores = readdirSync(root).filter((name) => /^cpu\d+$/.test(name));
    const frequencies = cores.map((core) => readFileSync(`${root}/${core}/cpufreq/cpuinfo_max_freq`, 'utf8'));
    return new Set(frequencies).size <= 1;
  } catch {
    return true; // virtual machines tell nothing
  }
}
