import { hypervolume } from '../indicators/hypervolume.ts';
import { paretoIndices } from '../indicators/pareto-front.ts';

/** A genome that may be evaluated next: its objectives as predicted, and at the favourable end of the uncertainty. */
export interface InfillCandidate {
  genome: Int32Array;
  expected: number[];
  hoped: number[];
  /** Of the loss: one standard deviation. */
  deviation: number;
}

/** With more objectives the volume takes too long, and candidates are taken as they come. */
const MOST_OBJECTIVES = 3;
/** Candidates whose volume is looked at; the first ones. */
const MOST_CANDIDATES = 60;

/**
 * The candidates that would add most to the hypervolume of a front, one after the other, each given those before it.
 *
 * @param by which objectives of the candidates count.
 * @returns at most `count` of them; the rest would add nothing.
 */
export function largestGains(
  candidates: readonly InfillCandidate[],
  front: readonly (readonly number[])[],
  count: number,
  by: 'expected' | 'hoped',
): InfillCandidate[] {
  const { low, high } = boundsOf([...front, ...candidates.map((one) => one[by])]);
  const scaled = (values: readonly number[]) =>
    values.map((value, k) => (high[k] > low[k] ? (value - low[k]) / (high[k] - low[k]) : 0));
  const reference = low.map(() => 1.1);
  let reached = front.map(scaled);
  const left = candidates.slice(0, MOST_CANDIDATES).map((one) => ({ one, point: scaled(one[by]) }));
  const chosen: InfillCandidate[] = [];
  if (low.length > MOST_OBJECTIVES) return candidates.slice(0, count);
  while (chosen.length < count && left.length > 0) {
    const before = hypervolume(reached, reference);
    const gains = left.map(({ point }) => hypervolume([...reached, point], reference) - before);
    const best = gains.reduce((most, gain, i) => (gain > gains[most] ? i : most), 0);
    if (!(gains[best] > 0)) break;
    const [{ one, point }] = left.splice(best, 1);
    chosen.push(one);
    const all = [...reached, point];
    reached = paretoIndices(all).map((i) => all[i]);
  }
  return chosen;
}

/** Of the candidates that may improve a front, those that least is known of. */
export function leastKnown(
  candidates: readonly InfillCandidate[],
  front: readonly (readonly number[])[],
  count: number,
): InfillCandidate[] {
  const promising = candidates.filter(
    ({ hoped }) => !front.some((point) => point.every((value, k) => value <= hoped[k])),
  );
  return promising.sort((a, b) => b.deviation - a.deviation).slice(0, count);
}

function boundsOf(points: readonly (readonly number[])[]): { low: number[]; high: number[] } {
  return {
    low: points.reduce<number[]>((least, point) => point.map((v, k) => Math.min(v, least[k] ?? v)), []),
    high: points.reduce<number[]>((most, point) => point.map((v, k) => Math.max(v, most[k] ?? v)), []),
  };
}
