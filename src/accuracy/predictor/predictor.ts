import { assert, BitbudgetError } from '../../core/errors.ts';
import type { KernelSettings, Prediction } from '../../search/surrogate/index.ts';
import type { Arithmetic } from './arithmetic.ts';
import { Encoding, type PredictorGene } from './encoding.ts';
import {
  dealt,
  type Ensemble,
  EnsembleRunner,
  type EnsembleSettings,
  type Surroundings,
  type TrainedEnsemble,
  trainEnsemble,
} from './ensemble.ts';
import { fitLowFidelity, type LowFidelityModel, type LowFidelityPairs, levelReader } from './low-fidelity.ts';
import { AccuracyProcesses } from './processes.ts';

/** Candidates that were evaluated truly. */
export interface EvaluatedPairs {
  genomes: readonly (readonly number[])[];
  /** Lower is better. */
  losses: readonly number[];
}

/** Everything that a predictor learned. */
export interface PredictorModel {
  genes: PredictorGene[];
  /** What losses were standardised by. */
  scale: { mean: number; deviation: number };
  /** The ensemble's share of a prediction; the rest is the Gaussian process's. */
  blend: number;
  /** Standard deviations are stretched by it. */
  stretch: number;
  ensemble: Ensemble;
  kernel: KernelSettings;
  /** What was learned of candidates that were looked at cheaply; absent where none were. */
  lowFidelity?: LowFidelityModel & { levelKernel: KernelSettings };
  /** What looks at the pairs showed, where each candidate is looked at that is learned from or predicted. */
  looks?: number[];
  pairs: { genomes: number[][]; losses: number[] };
}

/** How good each part of a predictor is on pairs that it did not learn from: mean absolute errors, in units of the loss. */
export interface HeldOutErrors {
  ensemble: number;
  process: number;
  blend: number;
}

/** What a predictor knows beside the evaluated candidates. */
export interface Beforehand {
  /** An ensemble that learned architectures, whose first layers are widened by the inputs of bits. */
  start?: Ensemble;
  /** Candidates that were looked at cheaply, or what was learned of such. */
  lowFidelity?: LowFidelityPairs | LowFidelityModel;
  /** What looks at the evaluated candidates showed, see {@link disagreement}; those to be predicted are looked at too. */
  looks?: readonly number[];
}

/** Fewer pairs say too little to learn from. */
export const LEAST_PAIRS = 10;
/** Shares of the ensemble that are tried. */
const BLENDS = [0, 0.25, 0.5, 0.75, 1];

/**
 * Learns to predict losses from evaluated candidates: an ensemble of perceptrons and a Gaussian process, both on held-out
 * parts, are blended as those parts say.
 *
 * @param genes of the space; priors where an additive proxy was asked.
 * @throws {BitbudgetError} `input` for too few pairs, `interrupted`.
 */
export async function fitPredictor(
  makeArithmetic: (bytes: number) => Arithmetic,
  genes: readonly PredictorGene[],
  pairs: EvaluatedPairs,
  settings: EnsembleSettings,
  surroundings: Surroundings,
  { start, lowFidelity, looks }: Beforehand = {},
): Promise<{ model: PredictorModel; heldOut: HeldOutErrors }> {
  const { genomes, losses } = pairs;
  if (genomes.length < LEAST_PAIRS) {
    const problem = `There are ${genomes.length} evaluated candidates to learn from.`;
    throw new BitbudgetError('input', problem, `Give at least ${LEAST_PAIRS}, evaluated by --accuracy measured.`);
  }
  const seen = lowFidelity && ('kernel' in lowFidelity ? lowFidelity : fitLowFidelity(genes, lowFidelity));
  const encoding = encodingOf(genes, seen, looks && new Looks().take(genomes, looks));
  const scale = standardiser(losses);
  const targets = Float64Array.from(losses, (loss) => (loss - scale.mean) / scale.deviation);
  const rows = genomes.map((genome) => encoding.encode(genome));
  const ensemble = await trainEnsemble(makeArithmetic, rows, targets, settings, surroundings, start);
  const tuned = new AccuracyProcesses(encoding).tune(
    genomes.map((genome) => [...genome]),
    losses,
  );
  const { kernel, levelKernel } = tuned;
  const away = heldOutPredictions(() => new AccuracyProcesses(encoding, kernel, levelKernel), pairs, settings);
  const own = Array.from(ensemble.heldOut, (value) => scale.mean + scale.deviation * value);
  const errorOf = (blend: number) =>
    losses.reduce((sum, loss, i) => sum + Math.abs(mixed(blend, own[i], away[i].value) - loss), 0) / losses.length;
  const blend = BLENDS.reduce((best, share) => (errorOf(share) < errorOf(best) ? share : best));
  const spread = new EnsembleRunner(makeArithmetic, ensemble).predict(rows);
  const squares = losses.map((loss, i) => {
    const variance = away[i].deviation ** 2 + spread[i].variance * scale.deviation ** 2;
    return (mixed(blend, own[i], away[i].value) - loss) ** 2 / variance;
  });
  const stretch = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
  const model: PredictorModel = {
    ...{ genes: [...genes], scale, blend, stretch, ensemble: withoutHeldOut(ensemble), kernel },
    ...(seen && levelKernel && { lowFidelity: { ...seen, levelKernel } }),
    ...(looks && { looks: [...looks] }),
    pairs: { genomes: genomes.map((genome) => [...genome]), losses: [...losses] },
  };
  return { model, heldOut: { ensemble: errorOf(1), process: errorOf(0), blend: errorOf(blend) } };
}

/** Predicts the losses of a space's genomes by what was learned. */
export class Predictor {
  readonly model: PredictorModel;
  private readonly encoding: Encoding;
  private readonly looks: Looks | undefined;
  private readonly runner: EnsembleRunner;
  private readonly processes: AccuracyProcesses;

  constructor(makeArithmetic: (bytes: number) => Arithmetic, model: PredictorModel) {
    this.model = model;
    const { genes, kernel, lowFidelity } = model;
    const { genomes, losses } = model.pairs;
    this.looks = model.looks && new Looks().take(genomes, model.looks);
    this.encoding = encodingOf(genes, lowFidelity, this.looks);
    this.runner = new EnsembleRunner(makeArithmetic, model.ensemble);
    this.processes = new AccuracyProcesses(this.encoding, kernel, lowFidelity?.levelKernel).fit(genomes, losses);
  }

  /** Whether each candidate must be looked at before it is predicted. */
  get needsLooks(): boolean {
    return this.looks !== undefined;
  }

  /**
   * Predicted losses, each with one standard deviation.
   *
   * @param looks what a look at each candidate showed, where the predictor needs looks.
   */
  predict(genomes: readonly (readonly number[])[], looks?: readonly number[]): Prediction[] {
    const { scale, blend, stretch } = this.model;
    assert(!this.looks || looks?.length === genomes.length, 'a candidate that was not looked at');
    this.looks?.take(genomes, looks!);
    const own = this.runner.predict(genomes.map((genome) => this.encoding.encode(genome)));
    return genomes.map((genome, i) => {
      const { value, deviation } = this.processes.predict([...genome]);
      const variance = deviation ** 2 + own[i].variance * scale.deviation ** 2;
      return {
        value: mixed(blend, scale.mean + scale.deviation * own[i].value, value),
        deviation: stretch * Math.sqrt(variance),
      };
    });
  }
}

/** What was seen of candidates, by genome. */
class Looks {
  private readonly shown = new Map<string, number>();

  take(genomes: readonly (readonly number[])[], looks: readonly number[]): this {
    genomes.forEach((genome, i) => void this.shown.set(genome.join(), looks[i]));
    return this;
  }

  readonly at = (genome: ArrayLike<number>): number => this.shown.get(Array.from(genome).join())!;
}

function encodingOf(genes: readonly PredictorGene[], lowFidelity?: LowFidelityModel, looks?: Looks): Encoding {
  return new Encoding(genes, lowFidelity && levelReader(genes, lowFidelity), looks?.at);
}

function mixed(blend: number, ensemble: number, gaussian: number): number {
  return blend * ensemble + (1 - blend) * gaussian;
}

/** What a process says of each pair that learned from the parts that the pair is not in. */
function heldOutPredictions(
  make: () => AccuracyProcesses,
  { genomes, losses }: EvaluatedPairs,
  { members, seed }: EnsembleSettings,
): Prediction[] {
  const predictions = new Array<Prediction>(genomes.length);
  for (const own of dealt(genomes.length, members, seed)) {
    const apart = new Set(own);
    const learned = genomes.map((_, row) => row).filter((row) => !apart.has(row));
    const processes = make().fit(
      learned.map((row) => [...genomes[row]]),
      learned.map((row) => losses[row]),
    );
    for (const row of own) predictions[row] = processes.predict(genomes[row]);
  }
  return predictions;
}

function standardiser(losses: readonly number[]): { mean: number; deviation: number } {
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
}

function withoutHeldOut({ sizes, members }: TrainedEnsemble): Ensemble {
  return { sizes, members };
}
