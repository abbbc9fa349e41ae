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
  core.screened = core.left > 0;
  const strong: StrongPair[] = [];
  for (const { genome, first, second, values } of screen) {
    if (!archive.has(genome)) continue;
    const [one, other] = [alone[first][values[0]], alone[second][values[1]]];
    const joint = archive.lossOf(genome) - loss - one - other;
    if (Math.abs(joint) <= SAME * Math.abs(archive.lossOf(genome))) {
      model.setApart(first, second);
      continue;
    }
    const scale = joint / one / other;
    const table = Float64Array.from(alone[first].flatMap((x) => alone[second].map((y) => scale * x * y)));
    strong.push({ first, second, strength: Math.abs(joint), values: table });
    model.setPair(first, second, table);
  }
  return strong.sort((a, b) => b.strength - a.strength);
}

/** Evidence that probes of a scale must outweigh, in cells of a table's mean square. */
const DOUBT = 0.1;
/** Of the evaluations that are left, what probes of pairs around the best point take at most. */
const LOCAL_SHARE = 0.1;

/**
 * How strong the joint effects of pairs are around the point where single changes were measured last. A few cells of each
 * table tell its scale there; its shape is that of the table so far, or the product of both changes' own effects, whichever
 * agrees better with them.
 */
export async function scaleTables(core: GuidedCore): Promise<void> {
  const { space, model, archive, local } = core;
  if (!local) return;
  const { base, loss, effects } = local;
  const pairs = model.probedPairs;
  const cellsEach = Math.max(1, Math.floor((LOCAL_SHARE * core.left) / pairs.length));
  const planned = pairs.map(({ first, second }) => {
    const sum = ({ values: [a, b] }: PairProbe) => effects[first][a] + effects[second][b];
    const product = ({ values: [a, b] }: PairProbe) => Math.abs(effects[first][a] * effects[second][b]);
    const cells = planTable(space, base, first, second).sort((one, other) => product(other) - product(one));
    const strongest = cells.splice(0, Math.ceil(cellsEach / 2));
    const promising = cells.sort((one, other) => sum(one) - sum(other)).slice(0, cellsEach - strongest.length);
    return [...strongest, ...promising];
  });
  await core.evaluate(planned.flat().map(({ genome }) => genome));
  pairs.forEach(({ first, second, values }, k) => {
    const seen = planned[k].filter(({ genome }) => archive.has(genome));
    const columns = space.counts[second];
    const cells = seen.map(({ values: [a, b] }) => a * columns + b);
    const joint = seen.map(({ genome, values: [a, b] }) => {
      return archive.lossOf(genome) - loss - effects[first][a] - effects[second][b];
    });
    const product = Float64Array.from(effects[first].flatMap((x) => effects[second].map((y) => x * y)));
    const asBefore = scaleOf(values, cells, joint, 1);
    const asProduct = scaleOf(product, cells, joint, 0);
    const { scale } = asProduct;
    if (asProduct.error < asBefore.error)
      model.setPair(
        first,
        second,
        product.map((value) => scale * value),
      );
    else
      model.setPair(
        first,
        second,
        values.map((value) => asBefore.scale * value),
      );
  });
}

/** The scale at which a table agrees best with some of its cells, and how far off it still is. */
function scaleOf(table: Float64Array, cells: readonly number[], truth: readonly number[], prior: number) {
  let [product, square] = [0, 0];
  cells.forEach((cell, k) => {
    product += table[cell] * truth[k];
    square += table[cell] * table[cell];
  });
  // cells of next to no effect alone must not decide for those of much
  const mean = table.reduce((sum, value) => sum + value * value, 0) / table.length;
  const scale = mean > 0 ? (product + DOUBT * mean * prior) / (square + DOUBT * mean) : prior;
  const error = cells.reduce((sum, cell, k) => sum + (scale * table[cell] - truth[k]) ** 2, 0);
  return { scale, error };
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
