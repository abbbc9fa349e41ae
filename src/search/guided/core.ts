import { Random } from '../../core/random.ts';
import { GuidedArchive } from './archive.ts';
import { type PairProbe, planScreen, planTable } from './pair-probes.ts';
import { planProbes } from './probes.ts';
import { Proposals } from './proposals.ts';
import { rankCorrelation } from './rank-correlation.ts';
import { GuidedSpace } from './space.ts';
import { Surrogate } from './surrogate.ts';
import type { CheckedProblem, GuidedResult, GuidedSettings } from './types.ts';

const DEFAULT_BATCH = 20;
/** Losses this close, relatively, are the same. */
const SAME = 1e-9;
/** Below this rank correlation with the truth the model makes next to no proposals until a later batch does better. */
const LEAST_CORRELATION = 0.3;
/** Fewer points than this have no ranks to speak of. */
const LEAST_RANKED = 4;
/** The model is fitted again when the points have grown by this factor. */
const REFIT = 1.04;
/** Choices that are looked at for one evaluation, most of them being the same as others. */
const MOST_ALIKE = 50;
/** Pairs are screened where that takes at most this share of the evaluations that are left. */
const MOST_SCREENED = 0.5;
/** Batches of probes for each batch of proposals. */
const PROBES_A_PROPOSAL = 6;

/** What every guided search works with: the space, the archive, the model and the ways to learn from evaluations. */
export class GuidedCore {
  readonly space: GuidedSpace;
  readonly archive: GuidedArchive;
  readonly model: Surrogate;
  readonly proposals: Proposals;
  readonly random: Random;
  /** Rank correlation of predictions and truth in the last batch. */
  correlation: number | null = null;
  /** How many batches in a row came out just as the model predicted. */
  exactBatches = 0;
  private readonly problem: CheckedProblem;
  private readonly settings: GuidedSettings;
  private stopped = false;
  private fitted = 0;
  /** What was evaluated, by what choices that are the same have in common. */
  private readonly byLikeness = new Map<string, number>();

  constructor(problem: CheckedProblem, settings: GuidedSettings) {
    this.problem = problem;
    this.settings = settings;
    this.random = new Random(settings.seed);
    this.space = new GuidedSpace(problem);
    this.archive = new GuidedArchive(this.space);
    this.model = new Surrogate(this.space.counts);
    this.proposals = new Proposals(this.space, this.archive, this.model, this.random);
  }

  /** Evaluations that may still be spent. */
  get left(): number {
    const { evaluations } = this.settings;
    // of a space with few different choices all may have been seen
    const exhausted = this.stopped || this.archive.size >= MOST_ALIKE * evaluations;
    return exhausted ? 0 : evaluations - this.byLikeness.size;
  }

  get batchSize(): number {
    return this.settings.batch ?? DEFAULT_BATCH;
  }

  /** Whether the model's ranking has been good enough to act on. */
  get trusted(): boolean {
    return this.correlation === null || this.correlation >= LEAST_CORRELATION;
  }

  result(): GuidedResult {
    const { archive, space } = this;
    return {
      archive: archive.losses.map((_, row) => archive.point(row)),
      evaluations: this.byLikeness.size,
      rejections: space.rejections,
      modelCorrelation: this.correlation,
    };
  }

  /** Evaluates what is new of some genomes, as far as the evaluations last. */
  async evaluate(genomes: readonly Int32Array[]): Promise<void> {
    const { archive, model, space } = this;
    for (let start = 0; start < genomes.length && this.left > 0; start += this.batchSize) {
      const batch = genomes.slice(start, start + this.batchSize).filter((genome) => !archive.has(genome));
      const wanted = [...new Map(batch.map((genome) => [genome.join(), genome])).values()];
      const likenesses = wanted.map((genome) => this.likenessOf(genome));
      const fresh = new Map<string, Int32Array>();
      likenesses.forEach((likeness, i) => {
        if (!this.byLikeness.has(likeness) && !fresh.has(likeness)) fresh.set(likeness, wanted[i]);
      });
      const paid = [...fresh].slice(0, this.left);
      if (paid.length > 0) {
        const losses = await this.problem.evaluate(paid.map(([, genome]) => space.decode(genome)));
        paid.forEach(([likeness], i) => void this.byLikeness.set(likeness, losses[i]));
      }
      wanted.forEach((genome, i) => {
        const loss = this.byLikeness.get(likenesses[i]);
        if (loss === undefined) return;
        archive.add(genome, loss);
        model.add(genome, loss);
      });
      if (paid.length === 0) continue;
      const report = { evaluations: this.byLikeness.size, best: archive.best };
      if ((await this.settings.onBatch?.(report)) === false) this.stopped = true;
    }
  }

  private likenessOf(genome: Int32Array): string {
    return this.problem.alike ? this.problem.alike(this.space.decode(genome)) : genome.join();
  }

  /** Evaluates a batch that was chosen by the model or by chance, and learns how good the model is. */
  async examine(batch: readonly Int32Array[]): Promise<void> {
    const { archive, model } = this;
    const known = batch.filter((genome) => !archive.has(genome));
    const predicted = known.map((genome) => model.predict(genome));
    await this.evaluate(known);
    const seen = known.flatMap((genome, i) => (archive.has(genome) ? [[predicted[i], archive.lossOf(genome)]] : []));
    if (seen.length === 0) return;
    const exact = seen.every(([guess, truth]) => Math.abs(guess - truth) <= SAME * Math.abs(truth));
    this.exactBatches = exact ? this.exactBatches + 1 : 0;
    if (seen.length < LEAST_RANKED) return;
    this.correlation = rankCorrelation(
      seen.map(([guess]) => guess),
      seen.map(([, truth]) => truth),
    );
  }

  /** Fits the model anew where it errs and enough was learnt since. */
  refit(): void {
    if (this.exactBatches > 0 || this.archive.size < REFIT * this.fitted) return;
    this.model.fit();
    this.fitted = this.archive.size;
  }

  /** One-at-a-time probes around the refuge: the additive model, exact where the loss is additive. */
  async probe(): Promise<void> {
    const { space, model, archive } = this;
    const base = space.refuge;
    await this.evaluate([base]);
    const effects = space.counts.map((count) => new Array<number>(count).fill(0));
    const probes = planProbes(space, base, this.random);
    await this.evaluate(probes.map(({ genome }) => genome));
    for (const { genome, gene, value } of probes) {
      if (!archive.has(genome)) continue;
      let rest = archive.lossOf(genome) - archive.losses[0];
      genome.forEach((v, other) => {
        if (other !== gene) rest -= effects[other][v];
      });
      effects[gene][value] = rest;
    }
    model.start(archive.losses[0], effects);
  }

  /**
   * The joint effects of pairs of genes: one probe a pair, then the whole tables of those that showed one, the strongest
   * first.
   *
   * @param between called now and then, to make use of what is known so far.
   * @param share of the evaluations that are left.
   */
  async probePairs(between: () => Promise<void>, share = 1): Promise<void> {
    const { space, model, archive } = this;
    const reserved = this.left * (1 - share);
    const base = space.refuge;
    const alone = model.effects.map((own) => own.slice());
    const joint = ({ genome, first, second, values: [a, b] }: PairProbe) =>
      archive.lossOf(genome) - archive.losses[0] - alone[first][a] - alone[second][b];
    const pairs = (space.counts.length * (space.counts.length - 1)) / 2;
    if (pairs > MOST_SCREENED * this.left) return between();
    const screen = planScreen(space, base, alone);
    await this.evaluate(screen.map(({ genome }) => genome));
    const strong = screen
      .filter(({ genome }) => archive.has(genome))
      .map((probe) => ({ probe, strength: Math.abs(joint(probe)) }))
      .filter(({ probe, strength }) => strength > SAME * Math.abs(archive.lossOf(probe.genome)))
      .sort((a, b) => b.strength - a.strength);
    let proposed = archive.size;
    for (const { probe } of strong) {
      if (this.left <= reserved) break;
      const { first, second } = probe;
      const table = planTable(space, base, first, second);
      await this.evaluate(table.map(({ genome }) => genome));
      const values = new Float64Array(space.counts[first] * space.counts[second]);
      for (const cell of table) {
        if (archive.has(cell.genome)) values[cell.values[0] * space.counts[second] + cell.values[1]] = joint(cell);
      }
      model.setPair(first, second, values);
      if (archive.size - proposed < PROBES_A_PROPOSAL * this.batchSize) continue;
      await between();
      proposed = archive.size;
    }
    await between();
  }
}
