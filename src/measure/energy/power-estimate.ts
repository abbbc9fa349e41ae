import type { LoadPattern, LoadPhase } from './load-pattern.ts';
import type { PowerTrace } from './power-trace.ts';

/** A mean with its 95% interval. */
export interface MeanInterval {
  value: number;
  low: number;
  high: number;
}

/** What a load takes above idle. */
export interface LoadPower {
  /** While it runs, W. */
  powerW: MeanInterval;
  /** Of one run, µJ. */
  energyUj: MeanInterval;
  /** The idling around it, W. */
  idleW: number;
  blocks: number;
  runs: number;
}

/** What of a phase does not count: a meter shows a change only after a while, and an async one asks before it knows. */
export interface Trim {
  headNs: number;
  tailNs: number;
}

/** Two-sided 95% quantiles of Student's t for 1 to 30 degrees of freedom (any table, such as NIST's e-Handbook 1.3.6.7.2). */
const STUDENT_T95 = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228],
  ...[2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086],
  ...[2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042],
];

/**
 * Power above idle of one load from all phases in which it ran. Each phase makes a block: its mean power less that of the
 * idling before and after it, over the share of the time that was spent in the load itself. The interval is that of the
 * mean of the blocks by Student's t, so the scatter of load and idling both are in it, and half a step of the meter at
 * both, which does not shrink: readings that never move have no scatter, and are not exact.
 *
 * @param step of the reading, W or J.
 * @returns undefined with fewer than two blocks.
 */
export function estimatePower(
  { phases }: LoadPattern,
  trace: PowerTrace,
  load: string,
  trim: Trim,
  { quantity, step }: { quantity: 'energy' | 'power'; step: number },
): LoadPower | undefined {
  const mean = ({ startNs, endNs }: LoadPhase) => trace.meanW(startNs + trim.headNs, endNs - trim.tailNs);
  const watts: number[] = [];
  const microjoules: number[] = [];
  const idles: number[] = [];
  let runs = 0;
  let shortestNs = Number.POSITIVE_INFINITY;
  for (const [i, phase] of phases.entries()) {
    if (phase.load !== load || phase.runs === 0) continue;
    const around = [phases[i - 1], phases[i + 1]].filter((p) => p !== undefined && p.load === undefined);
    const idleW = around.map(mean);
    const loadW = mean(phase);
    if (loadW === undefined || idleW.length < 2 || idleW.some((w) => w === undefined)) continue;
    const restW = (idleW as number[]).reduce((sum, w) => sum + w, 0) / idleW.length;
    const aboveW = ((loadW - restW) * (phase.endNs - phase.startNs)) / phase.busyNs;
    watts.push(aboveW);
    microjoules.push((aboveW * phase.busyNs) / 1e3 / phase.runs);
    idles.push(restW);
    runs += phase.runs;
    shortestNs = Math.min(shortestNs, phase.endNs - phase.startNs);
  }
  if (watts.length < 2) return undefined;
  const stepW = quantity === 'power' ? step : step / (shortestNs / 1e9);
  const powerW = meanInterval(watts, stepW * Math.SQRT1_2);
  const perWatt = microjoules.reduce((sum, uj) => sum + uj, 0) / watts.reduce((sum, w) => sum + w, 0);
  return {
    powerW,
    energyUj: meanInterval(microjoules, stepW * Math.SQRT1_2 * Math.abs(perWatt)),
    idleW: idles.reduce((sum, w) => sum + w, 0) / idles.length,
    blocks: watts.length,
    runs,
  };
}

/**
 * Mean of independent values with its 95% interval by Student's t, and an error that more values do not shrink.
 *
 * @param values at least two.
 * @example meanInterval([8, 8], 3) // => { value: 8, low: 5, high: 11 }
 */
export function meanInterval(values: readonly number[], systematic: number): MeanInterval {
  const n = values.length;
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / (n - 1);
  const t = STUDENT_T95[Math.min(n - 1, STUDENT_T95.length) - 1];
  const half = Math.sqrt(t * t * (variance / n) + systematic * systematic);
  return { value, low: value - half, high: value + half };
}
