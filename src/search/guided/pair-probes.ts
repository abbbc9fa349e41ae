import type { GuidedSpace } from './space.ts';

/** The base with two genes changed: with the probes of each alone it tells their joint effect. */
export interface PairProbe {
  genome: Int32Array;
  first: number;
  second: number;
  values: [number, number];
}

/**
 * One probe for each pair of genes, at the values of theirs that matter most alone: a pair that has no joint effect there
 * is taken to have none. Pairs that no limit lets be changed together are left out.
 *
 * @param effects what each value of each gene changes in the base.
 */
export function planScreen(space: GuidedSpace, base: Int32Array, effects: readonly ArrayLike<number>[]): PairProbe[] {
  const ordered = effects.map((own, gene) => {
    const values = Array.from(own, (_, value) => value).filter((value) => value !== base[gene]);
    return values.sort((a, b) => Math.abs(own[b]) - Math.abs(own[a]));
  });
  const probes: PairProbe[] = [];
  for (let first = 0; first < base.length; first++) {
    for (let second = first + 1; second < base.length; second++) {
      const probe = firstFeasible(space, base, first, second, ordered);
      if (probe) probes.push(probe);
    }
  }
  return probes;
}

function firstFeasible(
  space: GuidedSpace,
  base: Int32Array,
  first: number,
  second: number,
  ordered: readonly (readonly number[])[],
): PairProbe | undefined {
  for (const b of ordered[second]) {
    for (const a of ordered[first]) {
      const genome = base.with(first, a).with(second, b);
      if (space.excess(genome) === 0) return { genome, first, second, values: [a, b] };
    }
  }
  return undefined;
}

/** All probes of one pair that the limits let be. */
export function planTable(space: GuidedSpace, base: Int32Array, first: number, second: number): PairProbe[] {
  const probes: PairProbe[] = [];
  for (let a = 0; a < space.counts[first]; a++) {
    for (let b = 0; b < space.counts[second]; b++) {
      if (a === base[first] || b === base[second]) continue;
      const genome = base.with(first, a).with(second, b);
      if (space.excess(genome) === 0) probes.push({ genome, first, second, values: [a, b] });
    }
  }
  return probes;
}
