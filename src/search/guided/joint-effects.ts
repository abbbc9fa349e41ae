import { type GuidedCore, SAME } from './core.ts';
import { type PairProbe, planScreen, planTable } from './pair-probes.ts';

/** Pairs are screened where that takes at most this share of the evaluations that are left. */
const MOST_SCREENED = 0.5;
/** Batches of probes for each batch of proposals. */
const PROBES_A_PROPOSAL = 6;

/** A pair of genes with a joint effect, and what the screen saw of it. */
interface StrongPair {
  first: number;
  second: number;
  strength: number;
  /** The joint effects of all values by the screen alone. */
  values: Float64Array;
}

/**
 * One probe for each pair of genes around the refuge. A pair with a joint effect gets a table that follows from it: joint
 * effects are taken to be in proportion to the effects of both values alone, which holds where one layer amplifies the
 * other, and nearly where a sum of both saturates.
 *
 * @returns the pairs with a joint effect, the strongest first; none where the evaluations do not suffice.
 */
export async function screenPairs(core: GuidedCore): Promise<StrongPair[]> {
  const { space, model, archive } = core;
  const base = space.refuge;
  const pairs = (space.counts.length * (space.counts.length - 1)) / 2;
  if (pairs > MOST_SCREENED * core.left) return [];
  const loss = archive.lossOf(base);
  // what a value does that no probe held alone is known too roughly to tell a joint effect
  const alone = space.counts.map((count, gene) =>
    Array.from({ length: count }, (_, value) => {
      const genome = base.with(gene, value);
      return archive.has(genome) ? archive.lossOf(genome) - loss : 0;
    }),
  );
  const effectful = ({ first, second, values: [a, b] }: PairProbe) => alone[first][a] !== 0 && alone[second][b] !== 0;
  const screen = planScreen(space, base, alone).filter(effectful);
  await core.evaluate(screen.map(({ genome }) => genome));
  const strong: StrongPair[] = [];
  for (const { genome, first, second, values } of screen) {
    if (!archive.has(genome)) continue;
    const [one, other] = [alone[first][values[0]], alone[second][values[1]]];
    const joint = archive.lossOf(genome) - loss - one - other;
    if (Math.abs(joint) <= SAME * Math.abs(archive.lossOf(genome))) continue;
    const scale = joint / one / other;
    const table = Float64Array.from(alone[first].flatMap((x) => alone[second].map((y) => scale * x * y)));
    strong.push({ first, second, strength: Math.abs(joint), values: table });
    model.setPair(first, second, table);
  }
  return strong.sort((a, b) => b.strength - a.strength);
}

/** Evaluations that the whole tables of some pairs take. */
export function tableCost({ space }: GuidedCore, pairs: readonly StrongPair[]): number {
  return pairs.reduce((sum, { first, second }) => sum + (space.counts[first] - 1) * (space.counts[second] - 1), 0);
}

/**
 * The whole tables of pairs around the refuge, in their order.
 *
 * @param between called now and then, to make use of what is known so far.
 * @param share of the evaluations that are left, at most.
 */
export async function measureTables(
  core: GuidedCore,
  pairs: readonly StrongPair[],
  between: () => Promise<void>,
  share: number,
): Promise<void> {
  const { space, model, archive } = core;
  const reserved = core.left * (1 - share);
  const base = space.refuge;
  const loss = archive.lossOf(base);
  const effectOf = (gene: number, value: number) => archive.lossOf(base.with(gene, value)) - loss;
  let proposed = archive.size;
  for (const { first, second, values } of pairs) {
    if (core.left <= reserved) break;
    const measured = values.slice();
    const cells = planTable(space, base, first, second);
    await core.evaluate(cells.map(({ genome }) => genome));
    for (const cell of cells) {
      const [a, b] = cell.values;
      const known = [cell.genome, base.with(first, a), base.with(second, b)].every((genome) => archive.has(genome));
      if (!known) continue;
      const joint = archive.lossOf(cell.genome) - loss - effectOf(first, a) - effectOf(second, b);
      measured[a * space.counts[second] + b] = joint;
    }
    model.setPair(first, second, measured);
    if (archive.size - proposed < PROBES_A_PROPOSAL * core.batchSize) continue;
    await between();
    proposed = archive.size;
  }
}
