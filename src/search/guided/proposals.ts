import type { Limit } from '../exact/solve.ts';
import { walk } from '../exact/walk.ts';
import type { RandomSource } from '../options.ts';
import type { GuidedArchive } from './archive.ts';
import { ModelLandscape } from './model-landscape.ts';
import { type PairwiseTables, tabulateMetric } from './pairwise-tables.ts';
import type { GuidedSpace } from './space.ts';
import type { Surrogate } from './surrogate.ts';

/** How often a child that is known already is changed again before it is given up. */
const MOST_ATTEMPTS = 20;
/** Moves of one walk over the model. */
const WALK_MOVES = 4000;
/** Moves of a walk over doubted joint effects: many short ones find more than few long ones. */
const DOUBTING_MOVES = 1500;
/** Moves of the first walk over a model that is new, for each value of each gene. */
const DEEP_MOVES = 80;
/** A model is new where its points have grown by this factor. */
const MUCH_LEARNT = 1.08;

/** Makes genomes that were never evaluated and keep the limits. */
export class Proposals {
  private readonly space: GuidedSpace;
  private readonly archive: GuidedArchive;
  private readonly model: Surrogate;
  private readonly random: RandomSource;
  private readonly landscape: ModelLandscape;
  /** What a change from the best point must be predicted to gain at the least: how far the model errs a change. */
  caution = 0;
  private allocated = '';
  /** The version of the model that was walked over in depth. */
  private walked = -1;
  /** Points that it had learnt from then. */
  private walkedSize = 0;
  /** The model's optimum with its pairs when it was last asked for. */
  private jointlyAsked: { genome: Int32Array | undefined; recentred: unknown; size: number } = {
    ...{ genome: undefined, recentred: undefined, size: 0 },
  };
  /** Whether the model could be solved with its pairs when that was last asked for. */
  solvesJointly = false;
  private readonly sheets = new Map<number, PairwiseTables>();

  constructor(space: GuidedSpace, archive: GuidedArchive, model: Surrogate, random: RandomSource) {
    this.space = space;
    this.archive = archive;
    this.model = model;
    this.random = random;
    this.landscape = this.landscapeOf(model.tables, space.limits);
  }

  /** Low ground of the model, by walks: from elites in turn, or where `afar` from genomes at random. */
  fromModel(wanted: number, elites: readonly number[], chosen: Set<string>, afar: boolean): Int32Array[] {
    const found: Int32Array[] = [];
    const fresh = (genome: Int32Array) => !this.archive.has(genome) && !chosen.has(genome.join());
    for (let k = 0; k < wanted; k++) {
      const start = afar ? this.anywhere() : this.archive.genomes[elites[k % elites.length]];
      const isNew = this.walked !== this.model.version && this.model.size >= MUCH_LEARNT * this.walkedSize;
      const moves = isNew ? this.deepMoves : WALK_MOVES;
      if (isNew) [this.walked, this.walkedSize] = [this.model.version, this.model.size];
      this.landscape.stayNear(afar ? undefined : start, this.caution);
      const { genome } = walk(this.landscape, start, { moves, random: this.random, wanted: fresh }) ?? {};
      const inside = genome && this.inside(genome, chosen);
      if (inside) found.push(inside);
    }
    return found;
  }

  /** Low ground of what the model might be, by walks from elites in turn: each over joint effects that are doubted anew. */
  fromDoubt(wanted: number, elites: readonly number[], chosen: Set<string>, doubt: number): Int32Array[] {
    const found: Int32Array[] = [];
    const fresh = (genome: Int32Array) => !this.archive.has(genome) && !chosen.has(genome.join());
    for (let k = 0; k < wanted; k++) {
      const landscape = this.landscapeOf(this.model.doubted(doubt, this.random), this.space.limits);
      const start = this.archive.genomes[elites[k % elites.length]];
      const { genome } = walk(landscape, start, { moves: DOUBTING_MOVES, random: this.random, wanted: fresh }) ?? {};
      const inside = genome && this.inside(genome, chosen);
      if (inside) found.push(inside);
    }
    return found;
  }

  /** By a walk from a genome: less predicted loss at no more of some metrics (by index); undefined where it is known. */
  lowerLossAt(start: Int32Array, metrics: readonly number[], chosen: Set<string>): Int32Array | undefined {
    const { space } = this;
    const limited = [
      ...space.limits,
      ...metrics.map((metric) => ({ metric, ceiling: this.sheet(metric).value(start) })),
    ];
    const landscape = this.landscapeOf(this.model.tables, limited);
    const wanted = (genome: Int32Array) => !this.archive.has(genome) && !chosen.has(genome.join());
    const found = walk(landscape, start, { moves: WALK_MOVES, random: this.random, wanted });
    return found && this.inside(found.genome, chosen);
  }

  /** A genome moved inside the limits, where tables led beyond them, and taken; undefined where it is known. */
  private inside(genome: Int32Array, chosen: Set<string>): Int32Array | undefined {
    const entering = this.space.repair(genome, this.random, this.model.effects);
    const key = entering.join();
    if (this.archive.has(entering) || chosen.has(key)) return undefined;
    chosen.add(key);
    return entering;
  }

  private get deepMoves(): number {
    const values = this.space.counts.reduce((sum, count) => sum + count, 0);
    return Math.max(WALK_MOVES, DEEP_MOVES * values);
  }

  private landscapeOf(tables: PairwiseTables, limits: readonly Limit[]): ModelLandscape {
    return new ModelLandscape(
      tables,
      limits.map(({ metric }) => this.sheet(metric)),
      limits.map(({ ceiling }) => ceiling),
    );
  }

  private sheet(metric: number): PairwiseTables {
    const known = this.sheets.get(metric);
    if (known) return known;
    const sheet = tabulateMetric(this.space.tables, metric, this.space.groups);
    this.sheets.set(metric, sheet);
    return sheet;
  }

  private anywhere(): Int32Array {
    const genome = Int32Array.from(this.space.counts, (count) => this.random.below(count));
    return this.space.repair(genome, this.random, this.model.effects);
  }

  /**
   * The exact optimum of the model with its pairs, where it is new. That takes long, so it is asked when the last one was
   * the best point of all, the model was recentred or many points were learnt since; undefined otherwise.
   *
   * @param recentred told apart from what was asked about before.
   */
  jointAllocation(around: Int32Array, chosen: Set<string>, recentred: unknown): Int32Array | undefined {
    const { model, space } = this;
    const asked = this.jointlyAsked;
    const won = asked.genome?.every((value, gene) => value === around[gene]);
    if (!won && asked.recentred === recentred && model.size < MUCH_LEARNT * asked.size) return undefined;
    const loss = model.effects.map((own, gene) =>
      Array.from(own, (effect, value) => effect + (value === around[gene] ? 0 : this.caution)),
    );
    const genome = space.allocateJointly(loss, model.jointTables);
    this.solvesJointly = genome !== undefined;
    this.jointlyAsked = { genome: genome?.join() === around.join() ? undefined : genome, recentred, size: model.size };
    return genome && this.inside(genome, chosen);
  }

  /** The exact allocation by the model's additive view around a genome, where it is new: asked once for each view. */
  allocation(around: Int32Array, chosen: Set<string>): Int32Array | undefined {
    const view = `${this.model.version}:${around.join()}`;
    if (view === this.allocated) return undefined;
    this.allocated = view;
    const loss = this.model.around(around);
    loss.forEach((own, gene) => {
      own.forEach((_, value) => {
        if (value !== around[gene]) own[value] += this.caution;
      });
    });
    const genome = this.space.allocate(loss);
    return genome && this.inside(genome, chosen);
  }

  /** Children of elites: uniform crossover with one or two genes reset, or a swap of budget between two genes. */
  children(wanted: number, elites: readonly number[], chosen: Set<string>): Int32Array[] {
    const found: Int32Array[] = [];
    for (let k = 0; k < wanted; k++) {
      const child = this.child(elites, chosen);
      if (child) found.push(child);
    }
    return found;
  }

  private child(elites: readonly number[], chosen: Set<string>): Int32Array | undefined {
    const { random, archive } = this;
    const pick = () => archive.genomes[elites[Math.min(random.below(elites.length), random.below(elites.length))]];
    const swap = random.chance(0.5);
    const genome = pick().slice();
    if (!swap) {
      const other = pick();
      for (let gene = 0; gene < genome.length; gene++) if (random.chance(0.5)) genome[gene] = other[gene];
    }
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const changes = swap ? 2 : 1 + (random.uint32() & 1);
      for (let k = 0; k < changes; k++) this.reset(genome);
      const entering = this.space.repair(genome, random, this.model.effects);
      const key = entering.join();
      if (archive.has(entering) || chosen.has(key)) continue;
      chosen.add(key);
      return entering;
    }
    return undefined;
  }

  private reset(genome: Int32Array): void {
    const gene = this.random.below(genome.length);
    const count = this.space.counts[gene];
    if (count < 2) return;
    const drawn = this.random.below(count - 1);
    genome[gene] = drawn >= genome[gene] ? drawn + 1 : drawn;
  }
}
