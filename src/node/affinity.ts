import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants, cpus, getPriority, setPriority } from 'node:os';
import type { Waiting } from '../measure/reference-kernel.ts';

/** The processor cores that a process may choose from; all of them are equally fast. */
export interface CoreChoice {
  /** The core that the process is bound to, or several such as `2,3`; null where nothing is bound. */
  core: number | string | null;
  /** Moves the process to the next cores: what shares a core with it, such as its other thread, is different there. */
  move(): void;
  /** Lets it run on all cores again. */
  release(): void;
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
  const choice: CoreChoice = { core: null, move: () => {}, release: () => {} };
  if (count <= threads || process.platform !== 'linux' || !coresAreAlike()) return choice;
  const all = threads === 1 ? [] : ['--all-tasks'];
  const allow = (cores: string) =>
    spawnSync('taskset', [...all, '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' }).status === 0;
  let first = count - threads;
  const bind = () => {
    const cores = Array.from({ length: threads }, (_, i) => (first + i) % count).sort((a, b) => a - b);
    choice.core = !allow(cores.join()) ? null : threads === 1 ? cores[0] : cores.join();
  };
  bind();
  if (choice.core === null) return choice;
  choice.move = () => {
    first = (first + 1) % count;
    bind();
  };
  choice.release = () => void allow(`0-${count - 1}`);
  return choice;
}

/**
 * Does something bound to as many cores as the engine has threads and at a higher priority, where the system allows them, as
 * profiles are measured.
 *
 * @param bench what measuring needs; `measure` gets it with the means to move to other cores.
 */
export async function withOwnCore<B extends Waiting & { engine: { threads: number } }, T>(
  bench: B,
  measure: (bench: B) => Promise<T>,
): Promise<T> {
  const { threads } = bench.engine;
  const priority = getPriority();
  const raised = trySetPriority(threads, constants.priority.PRIORITY_HIGH);
  const cores = bindToCores(process.pid, threads);
  try {
    return await measure({ ...bench, moveAside: () => cores.move() });
  } finally {
    cores.release();
    if (raised) trySetPriority(threads, priority);
  }
}

/** Linux gives every thread a priority of its own: that of the calling one is enough only where it is alone. */
function trySetPriority(threads: number, priority: number): boolean {
  try {
    const all = threads > 1 && process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [0];
    for (const id of all) setPriority(id, priority);
    return true;
  } catch {
    return false; // a privilege on most systems
  }
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
