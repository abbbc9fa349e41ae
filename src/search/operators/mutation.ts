import type { Random } from '../../core/random.ts';
import { CHOICE, REAL, type VariableTable } from '../problem.ts';
import { power } from './power.ts';

export interface MutationSettings {
  /** Real genes mutated on average, at most half of them. */
  realMutations: number;
  /** Distribution index η of the polynomial mutation: the larger, the smaller the steps. */
  distributionIndex: number;
}

/**
 * Mutates a genome in place: of the real genes `realMutations` on average, by polynomial mutation; and of the choices and
 * integers one or two, evenly, plus `extra` more. Where there are real genes as well, the others are left alone as often as their
 * share of the genes suggests.
 *
 * @param extra further discrete genes to change: rises where children keep coming out as clones.
 * @see Deb and Goyal, A combined genetic adaptive search (GeneAS) for engineering design, 1996.
 */
export function mutate(
  table: VariableTable,
  genome: number[],
  settings: MutationSettings,
  extra: number,
  random: Random,
): void {
  if (table.realCount > 0) mutateReals(table, genome, settings, random);
  const { discrete } = table;
  if (discrete.length === 0) return;
  if (table.realCount > 0 && random.below(table.count) >= discrete.length && extra === 0) return;
  const changes = Math.min(discrete.length, 1 + (random.uint32() & 1) + extra);
  for (let k = 0; k < changes; k++) {
    const gene = discrete[random.below(discrete.length)];
    if (table.kinds[gene] === CHOICE) resetGene(table, genome, gene, random);
    else stepInteger(table, genome, gene, random);
  }
}

/** Another value than the present one, evenly. */
function resetGene(table: VariableTable, genome: number[], gene: number, random: Random): void {
  const low = table.low[gene];
  const drawn = low + random.below(table.high[gene] - low);
  genome[gene] = drawn >= genome[gene] ? drawn + 1 : drawn;
}

/** A step whose magnitude is spread evenly over the powers of two up to the range, in a random direction. */
function stepInteger(table: VariableTable, genome: number[], gene: number, random: Random): void {
  const low = table.low[gene];
  const high = table.high[gene];
  const magnitudes = 32 - Math.clz32(high - low);
  const step = 1 + random.below(2 ** random.below(magnitudes));
  const upwards = (random.uint32() & 1) === 1;
  const value = upwards ? genome[gene] + step : genome[gene] - step;
  if (value >= low && value <= high) genome[gene] = value;
  else resetGene(table, genome, gene, random);
}

function mutateReals(table: VariableTable, genome: number[], settings: MutationSettings, random: Random): void {
  const probability = Math.min(0.5, settings.realMutations / table.count);
  for (let i = 0; i < table.count; i++) {
    if (table.kinds[i] !== REAL || !random.chance(probability)) continue;
    const low = table.low[i];
    const range = table.high[i] - low;
    if (range > 0)
      genome[i] = low + range * polynomialStep((genome[i] - low) / range, random.real(), settings.distributionIndex);
  }
}

/** A new place in [0, 1] for a gene at `place`. */
function polynomialStep(place: number, draw: number, index: number): number {
  const root = 1 / (index + 1);
  const step =
    draw <= 0.5
      ? (2 * draw + (1 - 2 * draw) * power(1 - place, index + 1)) ** root - 1
      : 1 - (2 * (1 - draw) + 2 * (draw - 0.5) * power(place, index + 1)) ** root;
  return Math.min(1, Math.max(0, place + step));
}
