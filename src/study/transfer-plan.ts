import { BitbudgetError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { choiceCounts, type Gene, type SearchSpace, type SpacePoint } from '../space/index.ts';

/** Policies of each architecture in the second half of the plan. */
const POLICIES = 10;
/** Tries for each candidate that is wanted, before a small space is taken to have no more. */
const TRIES = 50;

/** Whether a gene chooses bits, and so part of a policy; all others choose an architecture. */
function choosesBits({ kind }: Pick<Gene, 'kind'>): boolean {
  return kind === 'scheme' || kind === 'weights' || kind === 'activations';
}

/**
 * Different architectures at random, each as the genome with the first choice of all bits: what those are is of no account,
 * for the architecture is run in full precision.
 *
 * @returns at most `count` genomes; fewer where the space has no more.
 * @throws {BitbudgetError} `usage` for a space that chooses bits alone.
 */
export function drawArchitectures(space: SearchSpace, count: number, random: Random): number[][] {
  if (space.genes.every(choosesBits)) {
    const problem = 'The space chooses bits alone, so that it has but one architecture.';
    throw new BitbudgetError('usage', problem, 'Give a space with channels, windows or depth by --space.');
  }
  return distinct(space, count, () =>
    anything(space, random).map((value, gene) => (choosesBits(space.genes[gene]) ? 0 : value)),
  );
}

/**
 * Quantized candidates as APQ draws them: half with an architecture and a policy of their own, half ten policies of one
 * architecture.
 *
 * @returns at most `count` genomes; fewer where the space has no more.
 * @see Wang et al., APQ, CVPR 2020, section 3.2.
 */
export function drawForTransfer(space: SearchSpace, count: number, random: Random): number[][] {
  const policiesOf = function* () {
    for (;;) {
      const architecture = anything(space, random);
      for (let k = 0; k < POLICIES; k++) {
        const policy = anything(space, random);
        yield architecture.map((value, gene) => (choosesBits(space.genes[gene]) ? policy[gene] : value));
      }
    }
  };
  const half = distinct(space, Math.ceil(count / 2), () => anything(space, random));
  const policies = policiesOf();
  return distinct(space, count, () => policies.next().value as number[], half);
}

/** A point with every layer in f32. */
export function inFullPrecision(point: SpacePoint): SpacePoint {
  return { ...point, schemes: new Map([...point.schemes.keys()].map((layer) => [layer, 'f32'])) };
}

function anything(space: SearchSpace, random: Random): number[] {
  return choiceCounts(space).map((count) => random.below(count));
}

/** Some genomes and what is drawn besides, each design once, until there are `count`. */
function distinct(
  space: SearchSpace,
  count: number,
  draw: () => number[],
  first: readonly number[][] = [],
): number[][] {
  const found = new Map(first.map((genome) => [genome.join('-'), genome]));
  for (let tries = 0; found.size < count && tries < TRIES * count; tries++) {
    const genome = space.canonical(draw());
    found.set(genome.join('-'), genome);
  }
  return [...found.values()];
}
