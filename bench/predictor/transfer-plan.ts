import type { Random } from '../../src/core/random.ts';
import { choiceCounts, type SearchSpace } from '../../src/space/index.ts';

/** Policies of each architecture in the second half of the plan. */
const POLICIES = 10;

/** Architectures at random, in full precision: the space's scheme genes must offer f32. */
export function drawArchitectures(space: SearchSpace, count: number, random: Random): number[][] {
  const real = space.genes.map(({ kind, choices }) => (kind === 'scheme' ? choices.indexOf('f32') : -1));
  return distinct(space, count, () =>
    anything(space, random).map((value, gene) => (real[gene] < 0 ? value : real[gene])),
  );
}

/**
 * Quantized candidates as APQ draws them: half with an architecture and a policy of their own, half ten policies of one
 * architecture.
 */
export function drawForTransfer(space: SearchSpace, count: number, random: Random): number[][] {
  const drawn: number[][] = [];
  const half = Math.ceil(count / 2);
  drawn.push(...distinct(space, half, () => anything(space, random)));
  while (drawn.length < count) {
    const architecture = anything(space, random);
    for (let k = 0; k < POLICIES && drawn.length < count; k++) {
      const policy = anything(space, random);
      drawn.push(
        space.canonical(
          architecture.map((value, gene) => (space.genes[gene].kind === 'scheme' ? policy[gene] : value)),
        ),
      );
    }
  }
  return drawn;
}

function anything(space: SearchSpace, random: Random): number[] {
  return choiceCounts(space).map((count) => random.below(count));
}

function distinct(space: SearchSpace, count: number, draw: () => number[]): number[][] {
  const found = new Map<string, number[]>();
  for (let tries = 0; found.size < count && tries < 50 * count; tries++) {
    const genome = space.canonical(draw());
    found.set(genome.join('-'), genome);
  }
  return [...found.values()];
}
