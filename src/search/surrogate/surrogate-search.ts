import { Random } from '../../core/random.ts';
import { AllocationModel } from '../allocation/model.ts';
import { parseAllocation } from '../allocation/parse.ts';
import { rankCorrelation } from '../guided/rank-correlation.ts';
import { GuidedSpace } from '../guided/space.ts';
import type { CheckedProblem } from '../guided/types.ts';
import { nsga2 } from '../nsga2.ts';
import { usage } from '../problem.ts';
import { GaussianProcess } from './gaussian-process.ts';
import { type InfillCandidate, largestGains, leastKnown } from './infill.ts';
import { Ledger } from './ledger.ts';
import type { BatchChoice, SurrogateBatch, SurrogateProblem, SurrogateResult, SurrogateSettings } from './types.ts';

/** Batches whose predictions the rank correlation is of, and below which value the model is not trusted. */
const REMEMBERED_BATCHES = 3;
const LEAST_CORRELATION = 0.3;
/** Predictions that have ranks to speak of. */
const LEAST_RANKED = 8;
/** Genomes evaluated at a time, and how many batches that makes; few evaluations make fewer and smaller ones. */
const [LEAST_BATCH, MOST_BATCH] = [8, 24];
const [FEWEST_BATCHES, USUAL_BATCHES] = [8, 20];
/** The first look: so many batches. */
const FIRST_BATCHES = 2;
/** The settings of the model are chosen anew when the points have grown by this factor. */
const RETUNE = 1.3;
/** Members and evaluations, by the model, of the evolution that proposes. */
const POPULATION = 60;
const MODEL_EVALUATIONS = 1200;
/** Of a batch: what the predicted front, then the uncertainty, chooses; children of the front are the rest. */
const BY_FRONT = 0.5;
const BY_UNCERTAINTY = 0.25;
/** Standard deviations that a hoped-for loss lies below the prediction. */
const HOPE = 1;
/** Rounds in a row that find nothing new before the space counts as exhausted. */
const MOST_IDLE = 4;
const MOST_ATTEMPTS = 30;

/**
 * Minimises a loss that is dear to evaluate, under hard limits on metrics that tables tell: after a first look, batches are
 * chosen by a Gaussian process that is fitted to everything evaluated so far, half of each by what the predicted front
 * gains, a quarter where the truth may be better than the front and least is known, and the rest as children of the
 * front. Every batch is predicted before it is evaluated; where the rank correlation of the last predictions with the truth
 * drops, batches are children of the front alone until it has risen again. With an additive prior the first look
 * already follows it.
 *
 * @throws {BitbudgetError} `infeasible` before any evaluation if nothing keeps the limits, `usage` for objectives that
 * are no metrics.
 * @see Jones, Schonlau and Welch, Efficient global optimization, 1998; Emmerich et al., hypervolume improvement, 2011.
 * @example surrogateSearch({ tables: { tables: { loss: [[0, 0]], latency: [[1, 2]] } }, limits: { latency: 2 }, evaluate: (batch) => batch.map(([x]) => 1 - x) }, { evaluations: 5, seed: 1 }).then(({ archive }) => Math.min(...archive.map(({ loss }) => loss))) // => 0
 */
export async function surrogateSearch(
  problem: SurrogateProblem,
  settings: SurrogateSettings,
): Promise<SurrogateResult> {
  const { objectives = ['loss'] } = problem;
  const tables = problem.tables instanceof AllocationModel ? problem.tables : parseAllocation(problem.tables);
  const unknown = objectives.find((name) => !tables.metrics.includes(name));
  if (unknown !== undefined || !objectives.includes('loss')) {
    const remedy = `Name "loss" and any of ${tables.metrics.join(', ')}.`;
    throw usage(`The objectives are ${objectives.join(', ')}.`, remedy);
  }
  if (!(Number.isInteger(settings.evaluations) && settings.evaluations >= 1)) {
    throw usage(`The option evaluations is ${settings.evaluations}.`, 'Give a whole number of at least 1.');
  }
  return new SurrogateSearch({ ...problem, tables }, objectives, settings).run();
}

class SurrogateSearch {
  private readonly space: GuidedSpace;
  private readonly ledger: Ledger;
  private readonly random: Random;
  private readonly settings: SurrogateSettings;
  private readonly batchSize: number;
  /** By gene and choice; 0 where nothing is known beforehand. */
  private readonly effects: number[][];
  private model: GaussianProcess;
  private tuned = 0;
  private readonly recent: { predicted: number[]; truth: number[] }[] = [];
  private readonly batches: SurrogateBatch[] = [];
  private stopped = false;

  constructor(problem: CheckedProblem & SurrogateProblem, objectives: readonly string[], settings: SurrogateSettings) {
    this.settings = settings;
    this.random = new Random(settings.seed);
    this.space = new GuidedSpace(problem);
    this.ledger = new Ledger(this.space, problem, objectives);
    const { counts, groups } = this.space;
    const prior = problem.prior && groups.map((layers) => counted(problem.prior!, layers));
    this.effects = prior ?? counts.map((count) => new Array<number>(count).fill(0));
    this.model = new GaussianProcess({ counts, ...(prior && { prior }) });
    const { evaluations } = settings;
    const least = Math.min(LEAST_BATCH, Math.ceil(evaluations / FEWEST_BATCHES));
    this.batchSize = settings.batch ?? Math.min(MOST_BATCH, Math.max(least, Math.round(evaluations / USUAL_BATCHES)));
  }

  private get left(): number {
    return this.stopped ? 0 : this.settings.evaluations - this.ledger.evaluations;
  }

  async run(): Promise<SurrogateResult> {
    const { ledger, space } = this;
    const first = Math.min(FIRST_BATCHES * this.batchSize, this.left);
    await this.examine(await this.firstLook(first), 'start');
    for (let idle = 0; this.left > 0 && idle < MOST_IDLE; ) {
      const wanted = Math.min(this.batchSize, this.left);
      this.learn();
      const trusted = this.trusted;
      const batch = trusted ? await this.infill(wanted) : this.children(wanted, new Set());
      const before = ledger.evaluations;
      await this.examine(batch, trusted ? 'model' : 'evolution');
      idle = ledger.evaluations > before ? 0 : idle + 1;
    }
    return {
      archive: ledger.archive.losses.map((_, row) => ledger.archive.point(row)),
      evaluations: ledger.evaluations,
      rejections: space.rejections,
      batches: this.batches,
    };
  }

  /** Whether the last predictions ranked the truth well enough to choose by the model. */
  private get trusted(): boolean {
    const correlation = this.batches.at(-1)?.correlation ?? null;
    return correlation === null || correlation >= LEAST_CORRELATION;
  }

  private learn(): void {
    const { genomes, losses } = this.ledger.archive;
    if (genomes.length >= RETUNE * this.tuned) {
      this.model.tune(genomes, losses);
      this.tuned = genomes.length;
    }
    this.model.fit(genomes, losses);
  }

  /** Predicts a batch, evaluates it, and notes how well the one ranked the other. */
  private async examine(batch: readonly Int32Array[], choice: BatchChoice): Promise<void> {
    const { ledger, recent, batches } = this;
    const predicted = choice === 'start' ? [] : batch.map((genome) => this.model.predictValue(genome));
    const truth = await ledger.evaluate(batch);
    if (batch.length === 0) return;
    if (predicted.length > 0) recent.push({ predicted, truth: [...truth] });
    if (recent.length > REMEMBERED_BATCHES) recent.shift();
    const guesses = recent.flatMap((one) => one.predicted);
    const facts = recent.flatMap((one) => one.truth);
    const off = predicted.reduce((sum, guess, i) => sum + Math.abs(guess - truth[i]), 0);
    const report: SurrogateBatch = {
      batch: batches.length + 1,
      choice,
      evaluations: ledger.evaluations,
      correlation: guesses.length < LEAST_RANKED ? null : rankCorrelation(guesses, facts),
      error: predicted.length === 0 ? null : off / predicted.length,
    };
    batches.push(report);
    const stay = await this.settings.onBatch?.({ ...report, best: ledger.archive.best });
    if (stay === false) this.stopped = true;
  }

  /** Half by the prior, from one end of its front to the other, the rest at random; all at random without a prior. */
  private async firstLook(wanted: number): Promise<Int32Array[]> {
    const taken = new Set<string>();
    const batch: Int32Array[] = [];
    for (const choice of this.settings.initial ?? []) {
      this.take(
        Int32Array.from(this.space.groups, ([layer]) => choice[layer]),
        batch,
        taken,
      );
    }
    this.take(this.space.refuge, batch, taken);
    if (this.effects.some((row) => row.some((value) => value > 0))) {
      const believed = (genome: Int32Array) => genome.reduce((sum, value, gene) => sum + this.effects[gene][value], 0);
      const front = await this.evolve(believed, []);
      front.sort((a, b) => believed(a) - believed(b));
      const count = Math.min(Math.ceil(wanted / 2), front.length);
      for (let k = 0; k < count; k++) {
        this.take(front[Math.round((k * (front.length - 1)) / Math.max(count - 1, 1))], batch, taken);
      }
    }
    for (let tries = 0; batch.length < wanted && tries < MOST_ATTEMPTS * wanted; tries++) {
      this.take(this.inside(this.anywhere()), batch, taken);
    }
    return batch.slice(0, wanted);
  }

  private async infill(wanted: number): Promise<Int32Array[]> {
    const { ledger, model } = this;
    const rows = ledger.front();
    const front = rows.map((row) => ledger.valuesOf(row));
    const proposals = await this.evolve(
      (genome) => model.predictValue(genome),
      rows.map((row) => ledger.archive.genomes[row]),
    );
    const candidates = proposals
      .filter((genome) => !ledger.knows(genome))
      .map((genome): InfillCandidate => {
        const { value, deviation } = model.predict(genome);
        const costs = this.space.costs(genome);
        const expected = ledger.values(genome, value, costs);
        return { genome, expected, hoped: ledger.values(genome, value - HOPE * deviation, costs), deviation };
      });
    const taken = new Set<string>();
    const batch: Int32Array[] = [];
    const add = (chosen: readonly InfillCandidate[], until: number) => {
      for (const { genome } of chosen) if (batch.length < until) this.take(genome, batch, taken);
    };
    const byFront = Math.ceil(BY_FRONT * wanted);
    const byUncertainty = Math.ceil(BY_UNCERTAINTY * wanted);
    add(largestGains(candidates, front, byFront, 'expected'), byFront);
    const rest = candidates.filter(({ genome }) => !taken.has(ledger.likenessOf(genome)));
    add(leastKnown(rest, front, byUncertainty), batch.length + byUncertainty);
    batch.push(...this.children(wanted - batch.length, taken));
    return batch;
  }

  /** Adds a genome to a batch, unless it or one that means the same is known or in it. */
  private take(genome: Int32Array, batch: Int32Array[], taken: Set<string>): boolean {
    const likeness = this.ledger.likenessOf(genome);
    if (taken.has(likeness) || this.ledger.knows(genome)) return false;
    taken.add(likeness);
    batch.push(genome);
    return true;
  }

  /** The front, and what is near it, of an evolution that takes a guess for the loss; from some genomes. */
  private async evolve(guess: (genome: Int32Array) => number, from: readonly Int32Array[]): Promise<Int32Array[]> {
    const { space, ledger, random } = this;
    const { population } = await nsga2({
      variables: space.counts.map((count) => ({ kind: 'choice', count })),
      objectives: ledger.objectives.length,
      seed: random.uint32(),
      population: POPULATION,
      evaluations: MODEL_EVALUATIONS,
      initial: from.slice(0, POPULATION).map((genome) => Array.from(genome)),
      repair: (genome, source) => Array.from(space.repair(Int32Array.from(genome), source, this.effects)),
      evaluate: (batch) =>
        batch.map((variables) => {
          const genome = Int32Array.from(variables);
          return { objectives: ledger.values(genome, guess(genome)) };
        }),
    });
    return population.map(({ variables }) => Int32Array.from(variables));
  }

  /** Children of the front: uniform crossover, then one or two genes drawn anew. */
  private children(wanted: number, taken: Set<string>): Int32Array[] {
    const { ledger, random, space } = this;
    const rows = ledger.front();
    const parents = rows.length > 1 ? rows : [...new Set([...rows, ...ledger.archive.elites(8)])];
    const pick = () => ledger.archive.genomes[parents[random.below(parents.length)]];
    const batch: Int32Array[] = [];
    for (let tries = 0; batch.length < wanted && tries < MOST_ATTEMPTS * wanted; tries++) {
      const other = pick();
      const genome = pick().map((value, gene) => (random.chance(0.5) ? value : other[gene]));
      for (let k = 1 + random.below(2); k > 0; k--) {
        const gene = random.below(genome.length);
        genome[gene] = random.below(space.counts[gene]);
      }
      this.take(this.inside(genome), batch, taken);
    }
    return batch;
  }

  private inside(genome: Int32Array): Int32Array {
    return this.space.repair(genome, this.random, this.effects);
  }

  /** A genome at random, with a liking of its own for few or many choices of a high index. */
  private anywhere(): Int32Array {
    const { random } = this;
    const liking = random.real();
    return Int32Array.from(this.space.counts, (count) =>
      random.chance(0.5) ? random.below(count) : Math.min(count - 1, Math.floor(liking * count)),
    );
  }
}

/** What layers with one choice add together. */
function counted(prior: readonly (readonly number[])[], layers: readonly number[]): number[] {
  return prior[layers[0]].map((_, choice) => layers.reduce((sum, layer) => sum + prior[layer][choice], 0));
}
