/**
 * What the calling thread and its helpers say to each other: 32-bit words of one shared buffer, a mailbox for each helper.
 * The caller writes kernel and parameters, then the job's number to `job`; whoever sets `claimed` to it runs the job. That is
 * the helper, which then writes the number to `done`, or the caller where the helper is late. As only the numbers are written
 * and read atomically, they order everything else.
 */

/** Written by the caller. */
export const JOB = 0;
/** Position of the variant in the registry, or one of the two below. */
export const KERNEL = 1;
/** Address of the parameter block. */
export const PARAMETERS = 2;
/** 1 while the caller may sleep until `done` changes. */
export const CALLER_SLEEPS = 3;

/** Written by the helper; on a cache line of its own, and so that neighbouring lines fetched along do no harm. */
export const DONE = 32;
/** 1 while the helper may sleep until `job` changes. */
export const HELPER_SLEEPS = 33;
/** Written by both: the latest job that somebody runs. */
export const CLAIMED = 34;
/** Length of the message of what the helper failed with, 0 before, and after it its characters. */
export const FAILURE = 64;
const FAILURE_CHARACTERS = 160;

/** Words of one mailbox. */
export const MAILBOX_WORDS = 256;

/** Kernels that are none: one that does nothing, and one that ends the helper. */
export const NO_KERNEL = -1;
export const END = -2;

/** Iterations between two looks at the clock while waiting. */
const SPINS = 256;

/** How long a thread looks at its word before it lets the system put it to sleep. Waking takes 50 µs, looking keeps a core busy. */
export interface Patience {
  nowNs(): number;
  spinNs: number;
}

/**
 * Waits until a word is no longer `old`, or is `wanted`: awake for a while, then asleep.
 *
 * @param sleeps the word by which the other side knows that it must wake this thread.
 * @param naps how often to sleep, `napMs` each time, before giving up.
 * @returns the word, `old` if patience ran out.
 */
export function awaitChange(
  control: Int32Array,
  word: number,
  old: number,
  sleeps: number,
  patience: Patience,
  naps: { count: number; ms: number },
): number {
  const endNs = patience.nowNs() + patience.spinNs;
  do {
    for (let spin = 0; spin < SPINS; spin++) {
      const now = Atomics.load(control, word);
      if (now !== old) return now;
    }
  } while (patience.nowNs() < endNs);
  Atomics.store(control, sleeps, 1);
  // a change before this line is seen here, one after it wakes the thread: the other side looks at `sleeps` after its change
  for (let nap = 0; nap < naps.count; nap++) {
    if (Atomics.wait(control, word, old, naps.ms) !== 'timed-out') break;
  }
  Atomics.store(control, sleeps, 0);
  return Atomics.load(control, word);
}

/**
 * Takes a job, unless the other side was quicker. A helper that looked at `job` too long ago cannot: the number before it is
 * not the latest claimed any more.
 *
 * @returns whether the job is this thread's to run.
 */
export function claim(control: Int32Array, mailbox: number, job: number): boolean {
  const previous = (job - 1) | 0;
  return Atomics.compareExchange(control, mailbox + CLAIMED, previous, job) === previous;
}

/** Writes the message that `takeFailure` reads; called by the helper before it says that it is done. */
export function writeFailure(control: Int32Array, mailbox: number, message: string): void {
  const text = message || 'it does not say why.';
  const length = Math.min(text.length, FAILURE_CHARACTERS);
  for (let i = 0; i < length; i++) control[mailbox + FAILURE + 1 + i] = text.charCodeAt(i);
  control[mailbox + FAILURE] = length;
}

/** The message of what a helper's latest job failed with, once; undefined where it did not. Called after `done`. */
export function takeFailure(control: Int32Array, mailbox: number): string | undefined {
  const length = control[mailbox + FAILURE];
  if (length === 0) return undefined;
  control[mailbox + FAILURE] = 0;
  return String.fromCharCode(...control.subarray(mailbox + FAILURE + 1, mailbox + FAILURE + 1 + length));
}
