import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The processor cores that a process may choose from; all of them are equally fast. */
export interface CoreChoice {
  /** The core that the process is bound to, or several such as `2,3`; null where nothing is bound. */
  core: number | string | null;
  /** Moves the process to the next cores: what shares a core with it, such as its other thread, is different there. */
  move(): void;
}

/**
 * Binds a process to the last cores, as many as threads share its work: systems use these least for their own work, and the
 * process keeps its caches. On machines with no more cores than that, or with fast and slow ones, there is nothing to choose;
 * without `taskset` (util-linux) nothing is bound.
 *
 * @param threads that run already; those started later are bound with the first.
 */
export function bindToCores(pid: number, threads: number): CoreChoice {
  const count = cpus().length;
  const choice: CoreChoice = { core: null, move: () => {} };
  if (count <= threads || process.platform !== 'linux' || !coresAreAlike()) return choice;
  let first = count - threads;
  const bind = () => {
    const cores = Array.from({ length: threads }, (_, i) => (first + i) % count).sort((a, b) => a - b);
    const all = threads === 1 ? [] : ['--all-tasks'];
    const { status } = spawnSync('taskset', [...all, '--cpu-list', '--pid', cores.join(), String(pid)], {
      stdio: 'ignore',
    });
    choice.core = status !== 0 ? null : threads === 1 ? cores[0] : cores.join();
  };
  bind();
  if (choice.core === null) return choice;
  choice.move = () => {
    first = (first + 1) % count;
    bind();
  };
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
