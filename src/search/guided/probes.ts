import type { RandomSource } from '../options.ts';
import type { GuidedSpace } from './space.ts';

/** A genome whose loss tells the effect of one value of one gene, given those that earlier probes told. */
export interface Probe {
  genome: Int32Array;
  gene: number;
  value: number;
}

/**
 * One-at-a-time probes: the base, then for each other value of each gene one genome within the limits that holds it and
 * otherwise values that are known by then. Mostly that is the base with one gene changed; where that breaks a limit,
 * other genes make room. Values that no genome within the limits can hold are left out.
 *
 * @param base a genome within the limits.
 */
export function planProbes(space: GuidedSpace, base: Int32Array, random: RandomSource): Probe[] {
  const known = space.counts.map((count, gene) =>
    Uint8Array.from({ length: count }, (_, v) => (v === base[gene] ? 1 : 0)),
  );
  const probes: Probe[] = [];
  const blocked: { gene: number; value: number }[] = [];
  space.counts.forEach((count, gene) => {
    for (let value = 0; value < count; value++) {
      if (value === base[gene]) continue;
      const genome = base.with(gene, value);
      if (space.admits(genome)) {
        probes.push({ genome, gene, value });
        known[gene][value] = 1;
      } else {
        blocked.push({ gene, value });
      }
    }
  });
  shuffle(probes, random);
  if (space.limits.length > 1) {
    for (const { gene, value } of blocked) {
      const genome = makeRoom(space, gene, value, known);
      if (!genome) continue;
      probes.push({ genome, gene, value });
      known[gene][value] = 1;
    }
  }
  return probes;
}

/** A genome within the limits that holds a value, all else known; undefined where the tables say that there is none. */
function makeRoom(
  space: GuidedSpace,
  gene: number,
  value: number,
  known: readonly Uint8Array[],
): Int32Array | undefined {
  const strange = space.counts.length + 1;
  const loss = space.counts.map((count, other) =>
    Array.from({ length: count }, (_, v) => {
      if (other === gene) return v === value ? 0 : strange;
      return known[other][v] ? 0 : 1;
    }),
  );
  const genome = space.allocate(loss);
  const sound = genome && genome[gene] === value && genome.every((v, other) => other === gene || known[other][v]);
  return sound && space.excess(genome) === 0 ? genome : undefined;
}

/** Exchanges that are looked at in full for one blocked value. */
const MOST_EXCHANGES = 12;

/**
 * One-at-a-time probes around any genome: each other value of each gene where the limits let it be, then each blocked one
 * together with the change of another gene that makes room for the least loss.
 *
 * @param loss what each value of each gene changes around the base, as far as is known.
 * @param areJoint whether two genes act together: one makes room for the other only where no third gene can.
 */
export function planLocalProbes(
  space: GuidedSpace,
  base: Int32Array,
  loss: readonly (readonly number[])[],
  random: RandomSource,
  areJoint: (one: number, other: number) => boolean = () => false,
): Probe[] {
  const free: Probe[] = [];
  const blocked: { gene: number; value: number }[] = [];
  space.counts.forEach((count, gene) => {
    for (let value = 0; value < count; value++) {
      if (value === base[gene]) continue;
      const genome = base.with(gene, value);
      if (space.excess(genome) === 0) free.push({ genome, gene, value });
      else blocked.push({ gene, value });
    }
  });
  shuffle(free, random);
  const room = free.toSorted((a, b) => loss[a.gene][a.value] - loss[b.gene][b.value]);
  const slack = space.slack(base);
  const costs = room.map((other) => slack.map((_, m) => space.cost(m, other.gene, base[other.gene], other.value)));
  const exchanged: Probe[] = [];
  for (const { gene, value } of blocked) {
    const left = slack.map((most, m) => most - space.cost(m, gene, base[gene], value));
    const exchange = (joint: boolean) => {
      let looked = 0;
      for (const [k, other] of room.entries()) {
        if (other.gene === gene || left.some((most, m) => costs[k][m] > most)) continue;
        if (areJoint(gene, other.gene) !== joint) continue;
        const genome = other.genome.with(gene, value);
        if (space.excess(genome) === 0) return genome;
        if (++looked === MOST_EXCHANGES) return undefined;
      }
      return undefined;
    };
    const genome = exchange(false) ?? exchange(true);
    if (genome) exchanged.push({ genome, gene, value });
  }
  shuffle(exchanged, random);
  return [...free, ...exchanged];
}

function shuffle<T>(items: T[], random: RandomSource): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}
