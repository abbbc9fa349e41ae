import type { Clock, InterruptionCounter } from '../core/ports.ts';
import type { NetworkInput } from '../engine/input.ts';
import type { Session } from '../engine/session.ts';
import { summarizeSamples } from './statistics.ts';

/** What timing needs of its surroundings. */
export interface Stopwatch {
  clock: Clock;
  interruptions: InterruptionCounter;
}

export interface VisitOptions {
  /** Runs before the first timed one: they bring caches and branch predictors to the network's own state. */
  warmRuns: number;
  /** Pairs of one run timed layer by layer and one timed as a whole. */
  repeats: number;
}

/** One network's visit: medians over its undisturbed runs, in nanoseconds. */
export interface Visit {
  layersNs: Float64Array;
  wholeNs: number;
  /** Sum of the layers of the median layered run. */
  layeredNs: number;
  /** Runs dropped because the operating system took the processor away in between. */
  interrupted: number;
}

/** How often a disturbed pair of runs is tried again before the visit is given up. */
const ATTEMPTS_PER_REPEAT = 4;

/**
 * Times one loaded network: a few unmeasured runs, then pairs of a run timed layer by layer and an untimed one. A pair
 * during which a context switch happened is dropped and tried again.
 *
 * @returns undefined if no pair was left undisturbed.
 */
export function visitNetwork(
  session: Session,
  input: NetworkInput,
  { clock, interruptions }: Stopwatch,
  { warmRuns, repeats }: VisitOptions,
): Visit | undefined {
  const layers = session.steps.length;
  const ticksNs = new Float64Array(layers + 1);
  const layerSamples = session.steps.map(() => [] as number[]);
  const wholeSamples: number[] = [];
  const layeredSamples: number[] = [];
  let interrupted = 0;

  for (let run = 0; run < warmRuns; run++) {
    session.setInput(input);
    session.execute();
  }
  for (let attempt = 0; attempt < repeats * ATTEMPTS_PER_REPEAT && wholeSamples.length < repeats; attempt++) {
    const switchesBefore = interruptions.contextSwitches();
    session.setInput(input);
    session.executeTimed(clock, ticksNs);
    const wholeNs = timeWhole(session, input, clock);
    if (interruptions.contextSwitches() !== switchesBefore) {
      interrupted++;
      continue;
    }
    for (let layer = 0; layer < layers; layer++) layerSamples[layer].push(ticksNs[layer + 1] - ticksNs[layer]);
    layeredSamples.push(ticksNs[layers] - ticksNs[0]);
    wholeSamples.push(wholeNs);
  }
  if (wholeSamples.length === 0) return undefined;
  return {
    layersNs: Float64Array.from(layerSamples, (samples) => summarizeSamples(samples).median),
    wholeNs: summarizeSamples(wholeSamples).median,
    layeredNs: summarizeSamples(layeredSamples).median,
    interrupted,
  };
}

/** One run from a freshly written input tensor to the output, in nanoseconds; writing the input is not counted. */
export function timeWhole(session: Session, input: NetworkInput, clock: Clock): number {
  session.setInput(input);
  const start = clock.nowNs();
  session.execute();
  return clock.nowNs() - start;
}
