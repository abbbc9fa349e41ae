import { AllocationModel } from '../allocation/model.ts';
import { solveCoupled } from '../exact/coupled.ts';
import { ceilingsOf, decisionGroups, infeasibleLimits } from '../exact/limits.ts';
import { type Limit, solveExactly } from '../exact/solve.ts';
import type { RandomSource } from '../options.ts';
import type { CheckedProblem } from './types.ts';

/** How often a genome is relieved by the tables before it is led to a known one. */
const RELIEF_ROUNDS = 4;
/** Labels that an allocation may keep: enough to be exact but for the hardest, which then are nearly so. */
const PROPOSAL_WIDTH = 40_000;
/** Relative distance from a limit within which rounding may decide. */
const NEAR = 1e-6;
/** Combinations of earlier values that a solution with pairs may have to remember at any gene. */
const MOST_STATES = 10_000;
/** Labels where many allocations are asked for, which need not be proven. */
const QUICK_WIDTH = 6000;
/** Genes that a relief looks at for its next move. */
const RELIEF_GENES = 6;

/** A term between two genes, values by [first's value · second's count + second's value]. */
export interface JointTable {
  first: number;
  second: number;
  values: Float64Array;
}

/**
 * The decisions of a problem as genes (tied layers are one gene), with everything about limits: all of it read from
 * tables, none of it an evaluation.
 */
export class GuidedSpace {
  readonly counts: readonly number[];
  readonly groups: readonly (readonly number[])[];
  readonly limits: readonly Limit[];
  /** A genome within all limits. */
  readonly refuge: Int32Array;
  /** How many genomes broke the limit of each metric before they were evaluated. */
  readonly rejections: Record<string, number> = {};
  private readonly problem: CheckedProblem;
  readonly tables: AllocationModel;
  private readonly choice: number[];
  /** By limit, gene and value: what the value alone adds, pairs left out. */
  private readonly added: number[][][];

  /**
   * @throws {BitbudgetError} `infeasible` where nothing keeps the limits.
   */
  constructor(problem: CheckedProblem) {
    this.problem = problem;
    this.tables = problem.tables;
    this.groups = decisionGroups(problem.tables);
    this.counts = this.groups.map((layers) => problem.tables.counts[layers[0]]);
    this.limits = ceilingsOf(problem.tables, problem.limits);
    this.choice = new Array<number>(problem.tables.layerCount).fill(0);
    this.added = this.limits.map(({ metric }) => this.singleChanges(metric));
    const found = this.allocate(this.meanCosts());
    const given = problem.refuge && Int32Array.from(this.groups, ([layer]) => problem.refuge![layer]);
    const refuge = [found, given].find((genome) => genome && this.excess(genome) === 0);
    if (!refuge) throw infeasibleLimits(problem.tables, problem.limits, !found);
    this.refuge = refuge;
  }

  /** Whether the tables are the true metrics: only then is the model's optimum that of the problem. */
  get tablesHold(): boolean {
    return !this.problem.costs || this.problem.tablesHold === true;
  }

  /** One choice a layer. */
  decode(genome: ArrayLike<number>): number[] {
    const choice = new Array<number>(this.tables.layerCount);
    for (let g = 0; g < this.groups.length; g++) for (const layer of this.groups[g]) choice[layer] = genome[g];
    return choice;
  }

  /** The free metrics of a genome. */
  costs(genome: ArrayLike<number>): number[] {
    const choice = this.decode(genome);
    return this.problem.costs?.(choice) ?? this.tables.metrics.slice(1).map((_, k) => this.tables.value(k + 1, choice));
  }

  /** The relative excess over all limits; 0 within them. */
  excess(genome: ArrayLike<number>): number {
    let sum = 0;
    this.eachExcess(genome, (_, over, ceiling) => {
      sum += over / (Math.abs(ceiling) || 1);
    });
    return sum;
  }

  /** Whether a genome keeps the limits; one that does not is counted, by the metrics that it breaks. */
  admits(genome: ArrayLike<number>): boolean {
    let broken = false;
    this.eachExcess(genome, (metric) => {
      const name = this.tables.metrics[metric];
      this.rejections[name] = (this.rejections[name] ?? 0) + 1;
      broken = true;
    });
    if (broken) this.problem.onRejected?.(this.decode(genome));
    return !broken;
  }

  private eachExcess(genome: ArrayLike<number>, visit: (metric: number, over: number, ceiling: number) => void): void {
    const { choice, problem } = this;
    for (let g = 0; g < this.groups.length; g++) for (const layer of this.groups[g]) choice[layer] = genome[g];
    let costs: number[] | undefined;
    for (const { metric, ceiling } of this.limits) {
      let value = this.tables.value(metric, choice);
      let most = ceiling;
      if (problem.costs && !(problem.tablesHold && Math.abs(value - ceiling) >= NEAR * Math.abs(ceiling))) {
        costs ??= problem.costs(choice);
        value = costs[metric - 1];
        most = problem.limits[this.tables.metrics[metric]];
      }
      if (value > most) visit(metric, value - most, most);
    }
  }

  /**
   * The genome within the limits that minimises an additive loss, loss[gene][value], by the tables; exactly, where it can.
   *
   * @param more further limits.
   */
  allocate(loss: readonly (readonly number[])[], more: readonly Limit[] = []): Int32Array | undefined {
    const model = this.withLoss(loss);
    const limits = [...this.limits, ...more];
    const width = more.length > 0 ? QUICK_WIDTH : PROPOSAL_WIDTH;
    const result = solveExactly(model, limits, width) ?? solveCoupled(model, limits);
    return result.choice && Int32Array.from(this.groups, ([layer]) => result.choice![layer]);
  }

  /**
   * The genome within the limits that minimises a loss of single genes and pairs; undefined where pairs reach too far over
   * the layers for that, or nothing is found.
   */
  allocateJointly(loss: readonly (readonly number[])[], joint: readonly JointTable[]): Int32Array | undefined {
    if (!this.isNarrow(joint)) return undefined;
    const { parts } = this.withLoss(loss);
    const pairs = joint.map(({ first, second, values }) => {
      const [i, j] = [this.groups[first][0], this.groups[second][0]];
      const at = (a: number, b: number) => values[a * this.counts[second] + b];
      const table = loss[first].map((_, a) => loss[second].map((_, b) => at(a, b)));
      return i < j
        ? { metric: 0, i, j, table }
        : { metric: 0, i: j, j: i, table: loss[second].map((_, b) => loss[first].map((_, a) => at(a, b))) };
    });
    const model = new AllocationModel({ ...parts, pairs: [...parts.pairs, ...pairs] });
    const choice = solveExactly(model, this.limits, QUICK_WIDTH)?.choice;
    return choice && Int32Array.from(this.groups, ([layer]) => choice[layer]);
  }

  /** Whether few values of earlier genes must be remembered on a way through the genes, as pairs ask for them. */
  private isNarrow(joint: readonly JointTable[]): boolean {
    const last = this.counts.map((_, gene) => gene);
    for (const { first, second } of joint) last[first] = Math.max(last[first], second);
    return this.counts.every((_, gene) => {
      let states = 1;
      for (let before = 0; before <= gene; before++) if (last[before] > gene) states *= this.counts[before];
      return states <= MOST_STATES;
    });
  }

  /** The tables with a loss of our own, one term a gene. */
  withLoss(loss: readonly (readonly number[])[]): AllocationModel {
    const { parts } = this.tables;
    const own = this.tables.counts.map((count) => new Array<number>(count).fill(0));
    this.groups.forEach(([layer], gene) => {
      own[layer] = [...loss[gene]];
    });
    return new AllocationModel({
      ...parts,
      tables: [own, ...parts.tables.slice(1)],
      chains: [undefined, ...parts.chains.slice(1)],
      pairs: parts.pairs.filter(({ metric }) => metric !== 0),
      blocks: [],
    });
  }

  /**
   * Moves a genome inside the limits: from a few genes at random the value is taken that relieves most for the loss it
   * adds; what still breaks a limit takes over genes of the refuge, in random order. Always ends, always inside.
   *
   * @param loss what each value of each gene adds to the loss, as far as is known.
   */
  repair(genome: Int32Array, random: RandomSource, loss: readonly ArrayLike<number>[]): Int32Array {
    if (this.admits(genome)) return genome;
    const current = genome.slice();
    for (let round = 0; round < RELIEF_ROUNDS; round++) {
      for (let move = 0; move < 2 * this.counts.length; move++) {
        if (this.excess(current) === 0) return current;
        this.relieve(current, random, loss);
      }
    }
    const order = random.below(this.counts.length);
    for (let k = 0; k < this.counts.length && this.excess(current) > 0; k++) {
      const gene = (order + k) % this.counts.length;
      current[gene] = this.refuge[gene];
    }
    return current;
  }

  /** What is left under each limit, by the tables. */
  slack(genome: Int32Array): number[] {
    const choice = this.decode(genome);
    return this.limits.map(({ metric, ceiling }) => ceiling - this.tables.value(metric, choice));
  }

  /** What each limited metric gains by one gene's change from a value to another, terms between genes left out. */
  cost(limit: number, gene: number, from: number, to: number): number {
    return this.added[limit][gene][to] - this.added[limit][gene][from];
  }

  private relieve(genome: Int32Array, random: RandomSource, loss: readonly ArrayLike<number>[]): void {
    let best = { gene: -1, value: 0, price: Number.POSITIVE_INFINITY };
    for (let k = 0; k < RELIEF_GENES; k++) {
      const gene = random.below(this.counts.length);
      for (let value = 0; value < this.counts[gene]; value++) {
        let relief = 0;
        for (let m = 0; m < this.limits.length; m++) {
          const row = this.added[m][gene];
          relief += (row[genome[gene]] - row[value]) / (Math.abs(this.limits[m].ceiling) || 1);
        }
        if (relief <= 0) continue;
        const price = (Math.max(0, loss[gene][value] - loss[gene][genome[gene]]) + 1e-12) / relief;
        if (price < best.price) best = { gene, value, price };
      }
    }
    if (best.gene >= 0) genome[best.gene] = best.value;
  }

  /** Every limited metric as a share of its limit, summed: the genome that minimises it leaves room under all limits. */
  private meanCosts(): number[][] {
    return this.counts.map((count, gene) =>
      Array.from({ length: count }, (_, value) =>
        this.limits.reduce((sum, { ceiling }, m) => sum + this.added[m][gene][value] / (Math.abs(ceiling) || 1), 0),
      ),
    );
  }

  private singleChanges(metric: number): number[][] {
    const base = new Array<number>(this.tables.layerCount).fill(0);
    const start = this.tables.value(metric, base);
    return this.groups.map((layers) =>
      Array.from({ length: this.tables.counts[layers[0]] }, (_, value) => {
        for (const layer of layers) base[layer] = value;
        const change = this.tables.value(metric, base) - start;
        for (const layer of layers) base[layer] = 0;
        return change;
      }),
    );
  }
}
