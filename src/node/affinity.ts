import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants, cpus, getPriority, setPriority } from 'node:os';
import type { Waiting } from '../measure/reference-kernel.ts';

/** The processor cores that a process may choose from; all of them are equally fast. */
export interface CoreChoice {
  /** The core that the process is bound to; null where nothing is bound. */
  core: number | null;
  /** Moves the process to the next core: what shares a core with it, such as its other thread, is different there. */
  move(): void;
  /** Lets it run on all cores again. */
  release(): void;
}

/**
 * Binds a process to the last core, which systems use least for their own work, so that it keeps its caches. On machines
 * with one core, or with fast and slow ones, there is nothing to choose; without `taskset` (util-linux) nothing is bound.
 */
export function bindToCore(pid: number): CoreChoice {
  const count = cpus().length;
  const choice: CoreChoice = { core: null, move: () => {}, release: () => {} };
  if (count < 2 || process.platform !== 'linux' || !coresAreAlike()) return choice;
  const allow = (cores: string) =>
    spawnSync('taskset', ['--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' }).status === 0;
  const bind = (core: number) => {
    choice.core = allow(String(core)) ? core : null;
  };
  bind(count - 1);
  if (choice.core === null) return choice;
  choice.move = () => bind(((choice.core ?? 0) + 1) % count);
  choice.release = () => void allow(`0-${count - 1}`);
  return choice;
}

/**
 * Does something bound to one core and at a higher priority, where the system allows them, as profiles are measured.
 *
 * @param bench what measuring needs; `measure` gets it with the means to move to another core.
 */
export async function withOwnCore<B extends Waiting, T>(bench: B, measure: (bench: B) => Promise<T>): Promise<T> {
  const priority = getPriority();
  const raised = trySetPriority(constants.priority.PRIORITY_HIGH);
  const cores = bindToCore(process.pid);
  try {
    return await measure({ ...bench, moveAside: () => cores.move() });
  } finally {
    cores.release();
    if (raised) trySetPriority(priority);
  }
}

function trySetPriority(priority: number): boolean {
  try {
    setPriority(priority);
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
