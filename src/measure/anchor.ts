import { quantile } from 'simple-statistics';
import type { Clock } from '../core/ports.ts';
import type { NetworkInput } from '../engine/input.ts';
import type { Session } from '../engine/session.ts';
import { summarizeSamples } from './statistics.ts';
import { timeWhole } from './visit.ts';

const WARM_RUNS = 1;
const RUNS = 5;
/** The anchor is disturbed if it is slower than its undisturbed time by more than this. */
const TOLERANCE = 0.03;
/** The undisturbed time: this quantile of all anchor times so far, of which a busy machine makes the upper ones. */
const UNDISTURBED_QUANTILE = 0.25;

/** What the anchor says of the stretch of time since it was looked at before. */
export interface AnchorReading {
  /** Mean of its times before and after the stretch. */
  ms: number;
  disturbed: boolean;
}

/**
 * A network that never changes, timed before and after each measurement: what it loses, the measurement has lost too.
 * It needs no sensor and no knowledge of what else runs on the machine.
 */
export class Anchor {
  private readonly session: Session;
  private readonly input: NetworkInput;
  private readonly clock: Clock;
  private readonly seenMs: number[];

  constructor(session: Session, input: NetworkInput, clock: Clock) {
    this.session = session;
    this.input = input;
    this.clock = clock;
    this.seenMs = [this.time()];
  }

  /** Times the anchor and judges the time since the last call. */
  read(): AnchorReading {
    const before = this.seenMs[this.seenMs.length - 1];
    const after = this.time();
    this.seenMs.push(after);
    return { ms: (before + after) / 2, disturbed: isDisturbed(Math.max(before, after), this.seenMs) };
  }

  private time(): number {
    const { session, input, clock } = this;
    for (let run = 0; run < WARM_RUNS; run++) timeWhole(session, input, clock);
    return summarizeSamples(Array.from({ length: RUNS }, () => timeWhole(session, input, clock) / 1e6)).median;
  }
}

/** The session that runs in the least time: an anchor that is cheap to look at often. */
export function quickest(sessions: readonly Session[], input: NetworkInput, clock: Clock): Session {
  const timesNs = sessions.map((session) =>
    Math.min(...Array.from({ length: 3 }, () => timeWhole(session, input, clock))),
  );
  return sessions[timesNs.indexOf(Math.min(...timesNs))];
}

/**
 * Whether an anchor's time shows that other work took part of the processor, judged by all anchor times so far.
 *
 * @example [1.02, 1.5].map((ms) => isDisturbed(ms, [1, 1, 1.01, 1.02, 1.5])) // => [false, true]
 */
export function isDisturbed(anchorMs: number, seenMs: readonly number[]): boolean {
  return anchorMs > quantile([...seenMs], UNDISTURBED_QUANTILE) * (1 + TOLERANCE);
}
