import type { Random } from '../../core/random.ts';
import type { LayerKeys } from './layer-keys.ts';

/** A design that is to be timed. */
export interface SpaceDraw {
  genome: number[];
  /** Without the variants that depend on weights. */
  unconditional: boolean;
}

/** A wanted entry, and how some of the genes stand in designs that need it: what no climb would find by chance. */
export interface SpaceTarget {
  key: string;
  settings: readonly GeneSetting[];
}

export interface GeneSetting {
  gene: number;
  choice: number;
}

/** What of an entry is counted as one visit: its measurement, or undefined where it needs none. */
export type UnitOf = (key: string, unconditional: boolean) => string | undefined;

/** Share of the draws that leave out what depends on weights. */
const UNCONDITIONAL_SHARE = 0.25;
/** Where single genes cannot be changed by look-up, the best of so many random genomes is taken. */
const RANDOM_DRAWS = 24;
/** Genomes of which all keys are worked out for one draw. */
const MOST_WORKED_OUT = 40;
/** A measurement that was drawn so many times as often as wanted, and still lacks visits, is given up. */
const PATIENCE = 3;
/** Draws in a row that find nothing to visit before the rest is given up: no design needs it. */
const FRUITLESS = 8;

/**
 * Chooses which designs of a space to time so that what is wanted is visited about equally often: a random genome, of
 * which each gene in turn takes the choice whose layers lack the most visits. Where it is known how genes stand in designs
 * that need an entry, those of as many entries as go together are set first.
 */
export class SpaceSampler {
  private readonly keys: LayerKeys;
  private readonly unitOf: UnitOf;
  private readonly random: Random;
  private readonly targetVisits: number;
  private readonly visits = new Map<string, number>();
  private readonly tried = new Map<string, number>();
  private readonly elsewhere = new Map<string, number>();
  /** How often a design that was drawn for a target did not hold it. */
  private readonly missed = new Map<string, number>();
  private readonly targets: readonly SpaceTarget[];
  private fruitless = 0;

  /**
   * @param wanted the units that are to be visited `targetVisits` times each.
   * @param targets those of the wanted entries of which settings are known.
   */
  constructor(
    keys: LayerKeys,
    wanted: Iterable<string>,
    unitOf: UnitOf,
    targetVisits: number,
    random: Random,
    targets: readonly SpaceTarget[] = [],
  ) {
    this.targets = targets;
    this.keys = keys;
    this.unitOf = unitOf;
    this.targetVisits = targetVisits;
    this.random = random;
    for (const unit of wanted) this.visits.set(unit, 0);
  }

  /** Share of the wanted visits that have been made, or given up. */
  get progress(): number {
    if (this.visits.size === 0) return 1;
    let lacking = 0;
    for (const unit of this.visits.keys()) lacking += this.lacking(unit);
    return 1 - lacking / (this.visits.size * this.targetVisits);
  }

  get complete(): boolean {
    if (this.fruitless >= FRUITLESS) return true;
    for (const unit of this.visits.keys()) if (this.lacking(unit) > 0) return false;
    return true;
  }

  /** @param first a target that the design is drawn for before any other. */
  next(first?: string): SpaceDraw {
    const unconditional = this.random.chance(UNCONDITIONAL_SHARE);
    const aim = this.aim(unconditional, first);
    const genome = this.keys.reachOf(0)
      ? this.climb(unconditional, aim.settings)
      : this.best(unconditional, aim.settings);
    const units = this.units(genome, unconditional);
    for (const unit of aim.units) {
      if (!units.includes(unit)) this.missed.set(unit, (this.missed.get(unit) ?? 0) + 1);
    }
    const gains = units.filter((unit) => this.lacking(unit) > 0);
    this.fruitless = gains.length > 0 ? 0 : this.fruitless + 1;
    for (const unit of units) this.tried.set(unit, (this.tried.get(unit) ?? 0) + 1);
    return { genome, unconditional };
  }

  /**
   * Takes the visits of these networks, each a list of measurements, for all that were made.
   *
   * @param others networks that do not count, though what was wanted of them was there: they are no reason to give it up.
   */
  recount(networks: Iterable<Iterable<string>>, others: Iterable<Iterable<string>> = []): void {
    for (const unit of this.visits.keys()) this.visits.set(unit, 0);
    for (const network of networks) {
      for (const unit of network) {
        const visits = this.visits.get(unit);
        if (visits !== undefined) this.visits.set(unit, visits + 1);
      }
    }
    this.elsewhere.clear();
    for (const network of others) {
      for (const unit of new Set(network)) this.elsewhere.set(unit, (this.elsewhere.get(unit) ?? 0) + 1);
    }
  }

  /** Genes as they stand in designs that need targets: of the ones that lack the most, as many as do not contradict. */
  private aim(unconditional: boolean, first?: string): { settings: Map<number, number>; units: string[] } {
    const settings = new Map<number, number>();
    const units: string[] = [];
    const open = this.random.shuffle(
      this.targets.flatMap(({ key, settings: own }) => {
        const unit = this.unitOf(key, unconditional);
        const lacking = unit === undefined ? 0 : this.lacking(unit);
        return lacking > 0 ? [{ unit: unit!, own, rank: key === first ? Number.POSITIVE_INFINITY : lacking }] : [];
      }),
    );
    open.sort((a, b) => (b.rank === a.rank ? 0 : b.rank - a.rank));
    for (const { unit, own } of open) {
      if (own.some(({ gene, choice }) => (settings.get(gene) ?? choice) !== choice)) continue;
      for (const { gene, choice } of own) settings.set(gene, choice);
      units.push(unit);
    }
    return { settings, units };
  }

  private randomGenome(settings: ReadonlyMap<number, number>): number[] {
    return this.keys.counts.map((count, gene) => settings.get(gene) ?? this.random.below(count));
  }

  /** A random genome, each gene of which that is not set then takes its best choice. */
  private climb(unconditional: boolean, settings: ReadonlyMap<number, number>): number[] {
    const { keys } = this;
    const genome = this.randomGenome(settings);
    const gainOf = (layer: number) => this.gain(keys.of(layer, genome), unconditional);
    let workedOut = 0;
    for (const gene of this.random.shuffle(genome.map((_, i) => i))) {
      const layers = keys.reachOf(gene)!;
      if (layers.length === 0 || settings.has(gene)) continue;
      const given = genome[gene];
      let best = { choice: given, gain: -1 };
      const choices = this.random.shuffle(Array.from({ length: keys.counts[gene] }, (_, choice) => choice));
      for (const choice of choices) {
        genome[gene] = choice;
        if (layers.some((layer) => !keys.knows(layer, genome)) && ++workedOut > MOST_WORKED_OUT) continue;
        const gain = layers.reduce((sum, layer) => sum + gainOf(layer), 0);
        if (gain > best.gain) best = { choice, gain };
      }
      genome[gene] = best.choice;
    }
    return genome;
  }

  private best(unconditional: boolean, settings: ReadonlyMap<number, number>): number[] {
    let best: { genome: number[]; gain: number } | undefined;
    const draws = settings.size < this.keys.counts.length ? RANDOM_DRAWS : 1;
    for (let draw = 0; draw < draws; draw++) {
      const genome = this.randomGenome(settings);
      const gain = this.keys.whole(genome).reduce((sum, key) => sum + this.gain(key, unconditional), 0);
      if (!best || gain > best.gain) best = { genome, gain };
    }
    return best!.genome;
  }

  private units(genome: readonly number[], unconditional: boolean): string[] {
    return this.keys.whole(genome).flatMap((key) => this.unitOf(key, unconditional) ?? []);
  }

  private gain(key: string | undefined, unconditional: boolean): number {
    const unit = key === undefined ? undefined : this.unitOf(key, unconditional);
    return unit === undefined ? 0 : this.lacking(unit) ** 2;
  }

  private lacking(unit: string): number {
    const visits = this.visits.get(unit);
    if (visits === undefined || (this.missed.get(unit) ?? 0) >= PATIENCE) return 0;
    const inVain = (this.tried.get(unit) ?? 0) - (this.elsewhere.get(unit) ?? 0);
    const triedOut = Math.max(0, Math.floor(inVain / PATIENCE));
    return Math.max(0, this.targetVisits - Math.max(visits, triedOut));
  }
}
