import type { Random } from '../../core/random.ts';
import { choiceCounts, type SearchSpace, uniformGenomes } from '../../space/index.ts';

/** Candidates of which every gene takes its n-th choice are at most this share of all. */
const UNIFORM_SHARE = 0.2;
/** Tries for each candidate that is wanted, before a small space is taken to have no more. */
const TRIES = 30;
/** Moves of one try towards the wanted value, for each gene. */
const MOVES_PER_GENE = 40;

/**
 * Different candidates whose accuracies vary widely. Drawn choice by choice alone they would all be alike: good and bad
 * layers cancel. So there are uniform candidates (every gene at its n-th choice); the others are in turn purely random
 * and biased, that is, drawn with a liking of their own for some of the choices.
 *
 * @returns at most `count` genomes; fewer where the space has no more.
 */
export function drawVaried(space: SearchSpace, count: number, random: Random): number[][] {
  const drawn = new Distinct(space);
  const uniform = uniformGenomes(space);
  const most = Math.max(Math.floor(count * UNIFORM_SHARE), 1);
  const shown = Math.min(uniform.length, most);
  for (let i = 0; i < shown; i++) {
    drawn.add(uniform[shown === 1 ? 0 : Math.round((i * (uniform.length - 1)) / (shown - 1))]);
  }
  for (let tries = 0; drawn.genomes.length < count && tries < TRIES * count; tries++) {
    drawn.add(tries % 2 === 0 ? drawPlain(space, random) : drawBiased(space, random));
  }
  return drawn.genomes;
}

/** Where the candidates of one budget are to lie. */
export interface BudgetWindow {
  /** What a candidate costs. */
  costOf(genome: readonly number[]): number;
  value: number;
  /** Relative distance from the value that is allowed. */
  tolerance: number;
}

/**
 * Different candidates of nearly the same cost: biased ones, moved one random choice at a time, nearer with each move.
 *
 * @returns at most `count` genomes; fewer where no more were found.
 */
export function drawAtBudget(
  space: SearchSpace,
  { costOf, value, tolerance }: BudgetWindow,
  count: number,
  random: Random,
): number[][] {
  const counts = choiceCounts(space);
  const drawn = new Distinct(space);
  for (let tries = 0; drawn.genomes.length < count && tries < TRIES * count; tries++) {
    const genome = drawBiased(space, random);
    let distance = Math.abs(costOf(genome) - value);
    for (let move = 0; distance > tolerance * value && move < MOVES_PER_GENE * counts.length; move++) {
      const gene = random.below(counts.length);
      const before = genome[gene];
      genome[gene] = random.below(counts[gene]);
      const moved = Math.abs(costOf(genome) - value);
      if (moved < distance) distance = moved;
      else genome[gene] = before;
    }
    if (distance <= tolerance * value) drawn.add(genome);
  }
  return drawn.genomes;
}

/** Genomes that mean different designs. */
class Distinct {
  readonly genomes: number[][] = [];
  private readonly keys = new Set<string>();
  private readonly space: SearchSpace;

  constructor(space: SearchSpace) {
    this.space = space;
  }

  add(genome: readonly number[]): void {
    const own = this.space.canonical(genome);
    const key = own.join('-');
    if (this.keys.has(key)) return;
    this.keys.add(key);
    this.genomes.push(own);
  }
}

function drawPlain(space: SearchSpace, random: Random): number[] {
  return choiceCounts(space).map((count) => random.below(count));
}

/** Genes of one kind with equally many choices share a liking; its third power makes some choices rare. */
function drawBiased(space: SearchSpace, random: Random): number[] {
  const counts = choiceCounts(space);
  const likings = new Map<string, number[]>();
  return space.genes.map(({ kind }, gene) => {
    const key = `${kind}/${counts[gene]}`;
    let liking = likings.get(key);
    if (!liking) likings.set(key, (liking = Array.from({ length: counts[gene] }, () => likingOf(random))));
    let left = random.real() * liking.reduce((sum, weight) => sum + weight, 0);
    const choice = liking.findIndex((weight) => (left -= weight) < 0);
    return choice < 0 ? counts[gene] - 1 : choice;
  });
}

/** A product, because engines may round a power as they like. */
function likingOf(random: Random): number {
  const share = random.real();
  return share * share * share + 0.005;
}
