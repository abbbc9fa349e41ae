import { BitbudgetError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import {
  awaitChange,
  CALLER_SLEEPS,
  claim,
  DONE,
  END,
  HELPER_SLEEPS,
  JOB,
  KERNEL,
  MAILBOX_WORDS,
  NO_KERNEL,
  PARAMETERS,
  takeFailure,
} from './mailbox.ts';
import type { Team } from './types.ts';

/** How long the caller waits awake for a helper that has begun; parts are even, so it is a matter of microseconds. */
const SPIN_NS = 2e5;
/** Then it sleeps in naps, which a process that is stopped does not use up, and gives up after so many. */
const NAP_MS = 100;
const NAPS = 300;
/** Jobs that do nothing, until the compiler has optimised both sides of the handshake; as many as fit the time. */
const REHEARSALS = 20_000;
const REHEARSAL_NS = 30e6;

export interface TeamOptions {
  clock: Clock;
  /** Ends the threads; resolves when they have. */
  end: () => Promise<void>;
  /** Naps of 100 ms before a helper that does not answer is given up. */
  naps?: number;
}

/**
 * The calling thread and its helpers: they run the parts of a layer at once. A helper waits awake for a few milliseconds after
 * a job and then asleep, so a busy engine hands over within a microsecond and an idle one uses no processor. Parts that no
 * helper has begun when the caller is done with its own are run by the caller: where other programs keep the cores busy, it
 * waits for nobody that is not running.
 */
export class KernelTeam implements Team {
  readonly threads: number;
  private readonly control: Int32Array;
  private readonly options: TeamOptions;
  private readonly patience: { nowNs: () => number; spinNs: number };
  private readonly naps: { count: number; ms: number };
  /** Number of each helper's latest job. */
  private readonly jobs: Int32Array;
  private failure: BitbudgetError | undefined;
  private ended: Promise<void> | undefined;

  /** @param control zeros over shared memory, a mailbox for each helper. */
  constructor(control: Int32Array, options: TeamOptions) {
    const helpers = control.length / MAILBOX_WORDS;
    this.threads = helpers + 1;
    this.control = control;
    this.options = options;
    this.patience = { nowNs: () => options.clock.nowNs(), spinNs: SPIN_NS };
    this.naps = { count: options.naps ?? NAPS, ms: NAP_MS };
    this.jobs = new Int32Array(helpers);
  }

  run(kernel: (parameters: number) => void, number: number, parameters: readonly number[]): void {
    if (this.failure) throw this.failure;
    const helpers = parameters.length - 1;
    for (let helper = 0; helper < helpers; helper++) this.post(helper, number, parameters[helper + 1]);
    try {
      kernel(parameters[0]);
      for (let helper = 0; helper < helpers; helper++) if (this.takeBack(helper)) kernel(parameters[helper + 1]);
    } catch (error) {
      for (let helper = 0; helper < helpers; helper++) this.takeBack(helper);
      this.join(helpers); // no part may still be running when the next layer begins
      throw error;
    }
    const problem = this.join(helpers);
    if (problem) throw problem;
  }

  wake(): void {
    for (let mailbox = 0; mailbox < this.control.length; mailbox += MAILBOX_WORDS) {
      if (Atomics.load(this.control, mailbox + HELPER_SLEEPS)) Atomics.notify(this.control, mailbox + JOB);
    }
  }

  /**
   * Makes every helper answer, many times over: after it the handshake is as fast as it gets.
   *
   * @throws {BitbudgetError} `unsupported` where one does not answer.
   */
  rehearse(): void {
    const { clock } = this.options;
    const parameters = Array.from({ length: this.threads }, () => 0);
    const nothing = () => {};
    const endNs = clock.nowNs() + REHEARSAL_NS;
    for (let n = 0; n < REHEARSALS && clock.nowNs() < endNs; n++) {
      for (let helper = 0; helper < this.jobs.length; helper++) this.post(helper, NO_KERNEL, 0);
      const problem = this.join(this.jobs.length); // nothing is taken back
      if (problem) throw problem;
      this.run(nothing, NO_KERNEL, parameters);
    }
  }

  /** Marks the team as failed, for whoever sees a thread end; the first reason counts. */
  fail(reason: string): BitbudgetError {
    this.failure ??= threadError(reason);
    return this.failure;
  }

  dispose(): Promise<void> {
    if (!this.ended) {
      this.fail('the engine was disposed.');
      for (let helper = 0; helper < this.jobs.length; helper++) this.post(helper, END, 0);
      this.ended = this.options.end();
    }
    return this.ended;
  }

  private post(helper: number, kernel: number, parameters: number): void {
    const { control, jobs } = this;
    const mailbox = helper * MAILBOX_WORDS;
    control[mailbox + KERNEL] = kernel;
    control[mailbox + PARAMETERS] = parameters;
    jobs[helper]++;
    Atomics.store(control, mailbox + JOB, jobs[helper]);
    if (Atomics.load(control, mailbox + HELPER_SLEEPS)) Atomics.notify(control, mailbox + JOB);
  }

  /** Makes a helper's part the caller's own, unless the helper has begun. */
  private takeBack(helper: number): boolean {
    const mailbox = helper * MAILBOX_WORDS;
    if (!claim(this.control, mailbox, this.jobs[helper])) return false;
    Atomics.store(this.control, mailbox + DONE, this.jobs[helper]);
    return true;
  }

  /** Waits for all parts; returns what went wrong with the first that failed. */
  private join(helpers: number): BitbudgetError | undefined {
    let problem: BitbudgetError | undefined;
    for (let helper = 0; helper < helpers; helper++) {
      const own = this.outcome(helper);
      problem ??= own;
    }
    return problem;
  }

  /** Waits for a helper's part; returns what went wrong with it. */
  private outcome(helper: number): BitbudgetError | undefined {
    const { control, jobs, patience, naps } = this;
    const mailbox = helper * MAILBOX_WORDS;
    const done = awaitChange(control, mailbox + DONE, (jobs[helper] - 1) | 0, mailbox + CALLER_SLEEPS, patience, naps);
    if (done !== jobs[helper]) return this.fail('it does not answer.');
    const reason = takeFailure(control, mailbox);
    return reason === undefined ? undefined : threadError(reason);
  }
}

function threadError(reason: string): BitbudgetError {
  const remedy = 'Make a new engine; where it happens again, use one thread and report it.';
  return new BitbudgetError('unsupported', `A kernel thread failed: ${reason}`, remedy);
}
