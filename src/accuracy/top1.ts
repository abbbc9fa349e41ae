import type { Dataset } from '../data/types.ts';
import type { Session } from '../engine/session.ts';
import type { SharedRuns } from '../engine/shared-runs.ts';

export interface Top1 {
  /** Share of the images whose label has the largest logit, in [0, 1]. */
  top1: number;
  /** 95% interval of that share. */
  low: number;
  high: number;
  samples: number;
}

const Z95 = 1.959963984540054;

/**
 * A share with its 95% score interval (Wilson 1927), which stays within [0, 1] and is right near its ends too.
 *
 * @example shareWithInterval(8, 8).top1 // => 1
 */
export function shareWithInterval(correct: number, samples: number): Top1 {
  const share = correct / samples;
  const z2 = (Z95 * Z95) / samples;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (Z95 / (1 + z2)) * Math.sqrt((share * (1 - share)) / samples + z2 / (4 * samples));
  return { top1: share, low: Math.max(centre - half, 0), high: Math.min(centre + half, 1), samples };
}

/**
 * How many images of a stretch of a dataset each session labels rightly; every image is read once.
 *
 * @param from first image; @param to one past the last.
 * @returns one count a session.
 */
export function countCorrect(sessions: readonly Session[], dataset: Dataset, from: number, to: number): number[] {
  const correct = sessions.map(() => 0);
  for (let index = from; index < to; index++) {
    const pixels = dataset.pixels(index);
    const label = dataset.label(index);
    for (const [i, session] of sessions.entries()) {
      if (indexOfLargest(session.run(pixels)) === label) correct[i]++;
    }
  }
  return correct;
}

/** The same counts from sessions that share what they have in common; equal to `countCorrect` whatever they share. */
export function countCorrectShared(runs: SharedRuns, dataset: Dataset, from: number, to: number): number[] {
  const correct = new Array<number>(runs.count).fill(0);
  for (let index = from; index < to; index++) {
    const label = dataset.label(index);
    for (const [i, logits] of runs.run(dataset.pixels(index)).entries()) {
      if (indexOfLargest(logits) === label) correct[i]++;
    }
  }
  return correct;
}

/**
 * The class with the largest logit; the first of equal ones.
 *
 * @example indexOfLargest([1, 3, 3]) // => 1
 */
export function indexOfLargest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}
