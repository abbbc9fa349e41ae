import type { RandomSource } from '../options.ts';

/** Something cheap to evaluate that a walk looks for low ground in; it stands at one genome at a time. */
export interface Landscape {
  /** Values of each gene. */
  readonly counts: readonly number[];
  readonly loss: number;
  /** By how much the limits are broken; 0 within all of them. */
  readonly excess: number;
  /** Goes to a genome, which `shift` changes in place from then on. */
  enter(genome: Int32Array): void;
  /** Changes one gene of the genome. */
  shift(gene: number, value: number): void;
}

export interface WalkOptions {
  moves: number;
  random: RandomSource;
  /** Only these may be returned; the walk passes through others. */
  wanted?(genome: Int32Array): boolean;
}

/** Moves that sample how high the steps are: the threshold begins at their mean. */
const MOST_SAMPLED = 200;

/**
 * Threshold accepting: changes one gene or two at a time and accepts what is at most a shrinking threshold worse. It
 * never goes further outside the limits than it is.
 *
 * @returns the best genome within the limits that was seen and wanted.
 * @see Dueck and Scheuer, Threshold accepting, Journal of Computational Physics 90(1), 1990.
 */
export function walk(
  landscape: Landscape,
  start: ArrayLike<number>,
  { moves, random, wanted }: WalkOptions,
): { genome: Int32Array; loss: number } | undefined {
  const { counts } = landscape;
  const free = counts.flatMap((count, gene) => (count > 1 ? [gene] : []));
  const current = Int32Array.from(start);
  landscape.enter(current);
  let best: { genome: Int32Array; loss: number } | undefined;
  const consider = () => {
    const { loss, excess } = landscape;
    if (excess > 0 || (best && loss >= best.loss) || (wanted && !wanted(current))) return;
    best = { genome: current.slice(), loss };
  };
  consider();
  if (free.length === 0) return best;
  const sampled = Math.max(1, Math.min(MOST_SAMPLED, Math.floor(moves / 10)));
  let threshold = 0;
  for (let move = 0; move < moves; move++) {
    const { loss, excess } = landscape;
    const first = free[random.below(free.length)];
    const second = (random.uint32() & 1) === 0 ? first : free[random.below(free.length)];
    const [firstBefore, secondBefore] = [current[first], current[second]];
    landscape.shift(first, another(counts[first], firstBefore, random));
    if (second !== first) landscape.shift(second, another(counts[second], secondBefore, random));
    const rise = landscape.excess > excess ? Number.POSITIVE_INFINITY : landscape.loss - loss;
    if (move < sampled && rise > 0 && rise < Number.POSITIVE_INFINITY) threshold += rise / sampled;
    const left = 1 - move / moves;
    if (landscape.excess < excess || rise <= threshold * left * left * left * random.real()) {
      consider();
    } else {
      if (second !== first) landscape.shift(second, secondBefore);
      landscape.shift(first, firstBefore);
    }
  }
  return best;
}

function another(count: number, value: number, random: RandomSource): number {
  const drawn = random.below(count - 1);
  return drawn >= value ? drawn + 1 : drawn;
}
