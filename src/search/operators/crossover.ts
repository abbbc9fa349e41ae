import type { Random } from '../../core/random.ts';
import { INTEGER, REAL, type VariableTable } from '../problem.ts';
import { power } from './power.ts';

export interface CrossoverSettings {
  /** Chance that two parents are crossed at all. */
  probability: number;
  /** SBX distribution index η: the larger, the closer the children stay to their parents. */
  distributionIndex: number;
}

/** Real genes closer than this share of their range are not crossed: SBX divides by their difference. */
const TOO_CLOSE = 1e-14;

/**
 * Makes two children of two parents: simulated binary crossover for a real gene with probability ½, an even swap for a
 * choice, and for an integer a swap or two draws from the parents' interval widened by half on either side. Choices and
 * integers use integer arithmetic alone, so they are the same on every engine.
 *
 * @see Deb and Agrawal, Simulated binary crossover for continuous search space, Complex Systems 9, 1995.
 */
export function cross(
  table: VariableTable,
  first: number[],
  second: number[],
  settings: CrossoverSettings,
  random: Random,
): void {
  if (settings.probability < 1 && !random.chance(settings.probability)) return;
  let bits = 0;
  let bitCount = 0;
  for (let i = 0; i < table.count; i++) {
    if (first[i] === second[i]) continue;
    if (bitCount === 0) {
      bits = random.uint32();
      bitCount = 32;
    }
    const kind = table.kinds[i];
    const heads = (bits & 1) === 1;
    bits >>>= 1;
    bitCount--;
    if (kind === REAL) {
      if (heads) crossReal(table, i, first, second, settings.distributionIndex, random);
    } else if (heads) {
      const swapped = first[i];
      first[i] = second[i];
      second[i] = swapped;
    } else if (kind === INTEGER) {
      first[i] = betweenParents(table, i, first[i], second[i], random);
      second[i] = betweenParents(table, i, first[i], second[i], random);
    }
  }
}

function betweenParents(table: VariableTable, gene: number, a: number, b: number, random: Random): number {
  const margin = Math.ceil(Math.abs(a - b) / 2);
  const low = Math.max(table.low[gene], Math.min(a, b) - margin);
  const high = Math.min(table.high[gene], Math.max(a, b) + margin);
  return low + random.below(high - low + 1);
}

function crossReal(
  table: VariableTable,
  gene: number,
  first: number[],
  second: number[],
  index: number,
  random: Random,
): void {
  const low = table.low[gene];
  const high = table.high[gene];
  const smaller = Math.min(first[gene], second[gene]);
  const larger = Math.max(first[gene], second[gene]);
  const difference = larger - smaller;
  if (difference <= TOO_CLOSE * (high - low)) return;
  const draw = random.real();
  const alphaBelow = alpha(1 + (2 * (smaller - low)) / difference, index);
  const alphaAbove = alpha(1 + (2 * (high - larger)) / difference, index);
  const below = spread(alphaBelow, draw, index);
  const above = alphaAbove === alphaBelow ? below : spread(alphaAbove, draw, index);
  const childBelow = clamp(0.5 * (smaller + larger - below * difference), low, high);
  const childAbove = clamp(0.5 * (smaller + larger + above * difference), low, high);
  const exchanged = (random.uint32() & 1) === 1;
  first[gene] = exchanged ? childAbove : childBelow;
  second[gene] = exchanged ? childBelow : childAbove;
}

/** Narrows the spread so that no child passes a bound `reach` parents' distances away. */
function alpha(reach: number, index: number): number {
  return 2 - 1 / power(reach, index + 1);
}

/** How far apart the children lie in units of the parents' distance. */
function spread(narrowing: number, draw: number, index: number): number {
  const inner = draw * narrowing;
  return (inner <= 1 ? inner : 1 / (2 - inner)) ** (1 / (index + 1));
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
