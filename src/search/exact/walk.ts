import type { RandomSource } from '../options.ts';

/** Something cheap to evaluate that a walk looks for low ground in; it stands at one genome at a time. */
export interface Landscape {
  /** Values of each gene. */
  readonly counts: readonly number[];
  readonly loss: number;
  /** By how much the limits are broken; 0 within all of them. */
  readonly excess: number;
  /** Goes to a genome, which attempts change in place from then on. */
  enter(genome: Int32Array): void;
  /** Changes one gene of the genome, or two that differ: `loss` and `excess` are those of the changed genome. */
  attempt(first: number, value: number, second: number, secondValue: number): void;
  /** Goes back on the last attempt; one that is followed by another stands. */
  revert(): void;
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
    const value = another(counts[first], current[first], random);
    const secondValue = second === first ? value : another(counts[second], current[second], random);
    landscape.attempt(first, value, second, secondValue);
    const rise = landscape.excess > excess ? Number.POSITIVE_INFINITY : landscape.loss - loss;
    if (move < sampled && rise > 0 && rise < Number.POSITIVE_INFINITY) threshold += rise / sampled;
    const left = 1 - move / moves;
    if (landscape.excess < excess || rise <= threshold * left * left * left * random.real()) {
      consider();
    } else {
      landscape.revert();
    }
  }
  return best;
}

function another(count: number, value: number, random: RandomSource): number {
  const drawn = random.below(count - 1);
  return drawn >= value ? drawn + 1 : drawn;
}
