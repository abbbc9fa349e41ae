import { Random } from '../../core/random.ts';
import { GuidedArchive } from './archive.ts';
import { Proposals } from './proposals.ts';
import { rankCorrelation } from './rank-correlation.ts';
import { GuidedSpace } from './space.ts';
import { Surrogate } from './surrogate.ts';
import type { CheckedProblem, GuidedResult, GuidedSettings } from './types.ts';

const DEFAULT_BATCH = 20;
/** Losses this close, relatively, are the same. */
export const SAME = 1e-9;
/** Below this rank correlation with the truth the model makes next to no proposals until a later batch does better. */
const LEAST_CORRELATION = 0.3;
/** Fewer points than this have no ranks to speak of. */
const LEAST_RANKED = 4;
/** The model is fitted again when the points have grown by this factor. */
const REFIT = 1.08;
/** Choices that are looked at for one evaluation, most of them being the same as others. */
const MOST_ALIKE = 50;

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
  /** Whether every pair of genes was probed, as far as the limits let it be. */
  screened = false;
  /** Where single changes were last measured around a good point, and what each does there. */
  local: { base: Int32Array; loss: number; effects: readonly (readonly number[])[] } | undefined;
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

  /** The best genome so far; the refuge comes first, so that there is one. */
  get bestGenome(): Int32Array {
    return this.archive.genomes[this.archive.elites(1)[0]];
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
    const best = this.bestGenome;
    await this.evaluate(known);
    const seen = known.flatMap((genome, i) => (archive.has(genome) ? [[predicted[i], archive.lossOf(genome)]] : []));
    if (seen.length === 0) return;
    this.proposals.caution = middleOf(
      known.flatMap((genome, i) =>
        archive.has(genome) ? [Math.abs(predicted[i] - archive.lossOf(genome)) / changes(genome, best)] : [],
      ),
    );
    const exact = seen.every(([guess, truth]) => Math.abs(guess - truth) <= SAME * Math.abs(truth));
    this.exactBatches = exact ? this.exactBatches + 1 : 0;
    if (seen.length < LEAST_RANKED) return;
    this.correlation = rankCorrelation(
      seen.map(([guess]) => guess),
      seen.map(([, truth]) => truth),
    );
  }

  /**
   * Fits the model anew where it errs: its joint effects after every batch once they were probed around the best point,
   * all of it where enough was learnt since. Single changes that were measured stay exact.
   */
  refit(): void {
    if (this.exactBatches > 0) return;
    if (this.local && this.screened) {
      this.model.fitAround(this.local.base);
      return;
    }
    if (this.archive.size < REFIT * this.fitted) return;
    this.model.fit();
    if (this.local) this.model.recentre(this.local.base, this.local.loss, this.local.effects);
    this.fitted = this.archive.size;
  }
}

/** Genes in which two genomes differ; at least 1. */
function changes(genome: Int32Array, other: Int32Array): number {
  return Math.max(
    1,
    genome.reduce((sum, value, gene) => sum + (value === other[gene] ? 0 : 1), 0),
  );
}

function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
