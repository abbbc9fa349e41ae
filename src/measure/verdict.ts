import { isSameLevel, ownLevel } from './reference-kernel.ts';
import type { SensorReading } from './sensors.ts';
import { summarizeSamples } from './statistics.ts';
import { isThrottled } from './trust.ts';

/** Looks at the reference kernel in a stretch of the measuring, and stretches at most. */
const LOOKS_PER_STRETCH = 5;
const MOST_STRETCHES = 8;
/** A frequency that falls by this share from the first third to the last is throttling, whatever the reference kernel says … */
const FREQUENCY_FALL = 0.08;
/** … and so is a slower reference kernel on a device that has become this much hotter. */
const HEAT = { riseC: 8, slowdown: 0.03 };
/** More of the time than this was given to others while the measuring was ready to run. */
const WAITED_SHARE = 0.1;
/** Others kept busy this share of the processors that the measuring leaves free, and on one processor this much of it. */
const NEIGHBOURS = { ofFree: 0.5, least: 0.2 };
/** A neighbour that interrupts this share of looks right after a calm one hits most of what lasts ten times as long. */
const MOST_UNREST = 0.1;
/** The whole and the sum of its parts agree to a few percent (docs/measurement.md, the scalar). */
const MOST_SCALAR_ERROR = 0.1;
/** A table measured this much above the machine's best speed is of a crowded machine. */
const CROWDED = 0.1;
/** Less is ordinary noise. */
const DRIFT_WORTH_SAYING = 0.03;
/** A look at the sensors that is shorter than this says little of shares of time. */
const LEAST_WATCHED_MS = 100;

/** What speaks against the whole table. */
export interface Verdict {
  throttled: boolean;
  /** Every entry is noisy. */
  noisy: boolean;
  /**
   * How far the device's speed moved among the networks that count: slowest over fastest stretch, less one. It is common
   * to all samples of a stretch and does not average out, so every interval is widened by it.
   */
  drift: number;
  /** How much slower they were timed than the device was seen to be at its best: part of every interval's lower end. */
  belowBest: number;
  /** Why, in words. */
  reasons: string[];
}

export interface Evidence {
  /** What the reference kernel took at each network that was timed, in order: those that count and those that do not. */
  levelsNs: readonly number[];
  /** The least that it took at any time. */
  bestLevelNs: number;
  readings: readonly SensorReading[];
  /** Untimed whole networks over the sums of their layers. */
  scalar: number;
  /** Whether warming up came to its end, and kernels that still became faster afterwards. */
  warmUpProven: boolean;
  lateVariants: number;
  /** As {@link ReferenceKernel.unrest}. */
  unrest: number;
  /** How often the clock was set back. */
  setBacks: number;
  /** How wrong a time may be because the clock moves in steps, ns. */
  clockQuantumNs: number;
}

/** Judges what the reference kernel, the sensors, the clock and the scalar say of the time in which a table was measured. */
export function judge(evidence: Evidence): Verdict {
  const { levelsNs, bestLevelNs, readings, scalar, unrest, setBacks, clockQuantumNs } = evidence;
  const levelNs = ownLevel(levelsNs);
  const counting = levelsNs.filter((ns) => isSameLevel(ns, levelNs));
  const drift = driftOf(counting);
  const noise = neighbours(readings);
  const throttling: string[] = [];
  if (isThrottled(levelsNs)) {
    const seen = noise.length > 0 ? noise : throttling; // neighbours that came explain it
    seen.push('the reference kernel became slower and stayed so');
  }
  if (readings.some(({ throttled }) => throttled)) throttling.push('the system reports throttling');
  const fall = changeOf(readings, ({ frequencyMhz }) => frequencyMhz);
  if (fall !== undefined && fall.last < fall.first * (1 - FREQUENCY_FALL)) {
    throttling.push(`the frequency fell from ${Math.round(fall.first)} to ${Math.round(fall.last)} MHz`);
  }
  const heat = changeOf(readings, ({ tempC }) => tempC);
  if (heat !== undefined && heat.last > heat.first + HEAT.riseC && driftOf(levelsNs) > HEAT.slowdown) {
    throttling.push(`the device grew hotter by ${Math.round(heat.last - heat.first)} °C and slower`);
  }
  if (Math.abs(scalar - 1) > MOST_SCALAR_ERROR) {
    noise.push(`whole networks take ${scalar.toFixed(2)} times the sum of their layers`);
  }
  const belowBest = counting.length === 0 ? 0 : Math.max(summarizeSamples(counting).median / bestLevelNs - 1, 0);
  if (belowBest > CROWDED) noise.push(`the machine was ${percent(belowBest)} slower than at its best`);
  if (unrest > MOST_UNREST)
    noise.push(`other work interrupted ${percent(unrest)} of the looks at the reference kernel`);
  if (!evidence.warmUpProven) noise.push('warming up never settled');
  if (setBacks > 0) noise.push(`the clock was set back ${setBacks} times`);
  // these widen intervals, and each entry says whether that is too much
  const remarks: string[] = [];
  if (clockQuantumNs > 0) remarks.push(`the clock moves in steps of ${clockQuantumNs / 1e3} µs`);
  if (evidence.lateVariants > 0) remarks.push(`${evidence.lateVariants} kernels still became faster afterwards`);
  if (drift > DRIFT_WORTH_SAYING) remarks.push(`the speed of the device moved by ${percent(drift)}`);
  return {
    throttled: throttling.length > 0,
    noisy: noise.length > 0,
    drift,
    belowBest,
    reasons: [...throttling, ...noise, ...remarks],
  };
}

/**
 * Slowest over fastest stretch of the measuring, less one, by the reference kernel; 0 with fewer than ten looks.
 *
 * @example driftOf([1, 1, 1, 1, 1, 1.1, 1.1, 1.1, 1.1, 1.1].map((ms) => 10 * ms)).toFixed(3) // => '0.100'
 */
export function driftOf(levelsNs: readonly number[]): number {
  const stretches = Math.min(Math.floor(levelsNs.length / LOOKS_PER_STRETCH), MOST_STRETCHES);
  if (stretches < 2) return 0;
  const medians = Array.from({ length: stretches }, (_, i) => {
    const from = Math.floor((i * levelsNs.length) / stretches);
    const to = Math.floor(((i + 1) * levelsNs.length) / stretches);
    return summarizeSamples(levelsNs.slice(from, to)).median;
  });
  return Math.max(...medians) / Math.min(...medians) - 1;
}

/** Medians of the first and the last third of a sensor's values. */
function changeOf(
  readings: readonly SensorReading[],
  of: (reading: SensorReading) => number | null,
): { first: number; last: number } | undefined {
  const values = readings.map(of).filter((value) => value !== null);
  const third = Math.floor(values.length / 3);
  if (third < 1) return undefined;
  return {
    first: summarizeSamples(values.slice(0, third)).median,
    last: summarizeSamples(values.slice(-third)).median,
  };
}

/** What others took from the processors between the first reading and the last. */
function neighbours(readings: readonly SensorReading[]): string[] {
  if (readings.length < 2) return [];
  const [first, last] = [readings[0], readings[readings.length - 1]];
  const grown = (of: (reading: SensorReading) => number | null) => {
    const [before, after] = [of(first), of(last)];
    return before === null || after === null ? undefined : after - before;
  };
  const reasons: string[] = [];
  const own = grown(({ ownMs }) => ownMs);
  if (own === undefined || own < LEAST_WATCHED_MS) return [];
  const waited = grown(({ waitedMs }) => waitedMs) ?? 0;
  const stolen = grown(({ stolenMs }) => stolenMs) ?? 0;
  const processors = last.processors ?? 1;
  if (waited > WAITED_SHARE * (own + waited)) {
    reasons.push(`other programs took ${percent(waited / (own + waited))} of the processor`);
  }
  if (stolen / processors > WAITED_SHARE * own) {
    reasons.push(`other machines on this host took ${percent(stolen / processors / own)} of the processors`);
  }
  const busy = grown(({ busyMs }) => busyMs);
  const wall = last.timeMs - first.timeMs;
  if (busy !== undefined && wall > 0) {
    const others = (busy - own) / wall;
    if (others > Math.max(NEIGHBOURS.ofFree * (processors - 1), NEIGHBOURS.least)) {
      reasons.push(`other programs kept ${others.toFixed(1)} of ${processors} processors busy`);
    }
  }
  return reasons;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
