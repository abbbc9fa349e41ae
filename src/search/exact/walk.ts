import type { RandomSource } from '../options.ts';

/** Something cheap to evaluate that a walk looks for low ground in. */
export interface Landscape {
  /** Values of each gene. */
  readonly counts: readonly number[];
  loss(genome: Int32Array): number;
  /** By how much the limits are broken; 0 within all of them. */
  excess(genome: Int32Array): number;
}

export interface WalkOptions {
  moves: number;
  random: RandomSource;
  /** Only these may be returned; the walk passes through others. */
  wanted?(genome: Int32Array): boolean;
}

/**
 * Threshold accepting: changes one gene or two at a time and accepts what is at most a shrinking threshold worse. It
 * never goes further outside the limits than it is.
 *
 * @returns the best genome within the limits that was seen and wanted.
 * @see Dueck and Scheuer, Threshold accepting, Journal of Computational Physics 90(1), 1990.
 */
export function walk(
  { counts, loss, excess }: Landscape,
  start: ArrayLike<number>,
  { moves, random, wanted }: WalkOptions,
): { genome: Int32Array; loss: number } | undefined {
  const free = counts.flatMap((count, gene) => (count > 1 ? [gene] : []));
  const current = Int32Array.from(start);
  let height = loss(current);
  let outside = excess(current);
  let best: { genome: Int32Array; loss: number } | undefined;
  const consider = () => {
    if (outside > 0 || (best && height >= best.loss) || (wanted && !wanted(current))) return;
    best = { genome: current.slice(), loss: height };
  };
  consider();
  if (free.length === 0) return best;
  let threshold = 0;
  const cooling = startingThreshold(moves);
  for (let move = 0; move < moves; move++) {
    const first = free[random.below(free.length)];
    const second = (random.uint32() & 1) === 0 ? first : free[random.below(free.length)];
    const [firstBefore, secondBefore] = [current[first], current[second]];
    current[first] = another(counts[first], firstBefore, random);
    if (second !== first) current[second] = another(counts[second], secondBefore, random);
    const beyond = excess(current);
    const reached = beyond > outside ? Number.POSITIVE_INFINITY : loss(current);
    if (move < cooling.sample && reached > height && reached < Number.POSITIVE_INFINITY) {
      threshold += (reached - height) / cooling.sample;
    }
    const left = 1 - move / moves;
    if (beyond < outside || reached <= height + threshold * left * left * left * random.real()) {
      [height, outside] = [reached, beyond];
      consider();
    } else {
      current[second] = secondBefore;
      current[first] = firstBefore;
    }
  }
  return best;
}

/** The first moves sample how high the steps are; the threshold begins at their mean. */
function startingThreshold(moves: number): { sample: number } {
  return { sample: Math.max(1, Math.min(200, Math.floor(moves / 10))) };
}

function another(count: number, value: number, random: RandomSource): number {
  const drawn = random.below(count - 1);
  return drawn >= value ? drawn + 1 : drawn;
}
