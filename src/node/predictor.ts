import type { Arithmetic } from '../accuracy/predictor/arithmetic.ts';
import { Encoding, type PredictorGene } from '../accuracy/predictor/encoding.ts';
import { DEFAULT_ENSEMBLE, type Ensemble, type EnsembleSettings } from '../accuracy/predictor/ensemble.ts';
import type { StoredPredictor } from '../accuracy/predictor/file.ts';
import {
  type Beforehand,
  type EvaluatedPairs,
  fitPredictor,
  LEAST_PAIRS,
  Predictor,
} from '../accuracy/predictor/predictor.ts';
import { fitArchitectures } from '../accuracy/predictor/transfer.ts';
import { type RankAgreement, rankAgreement } from '../accuracy/ranking/rank-agreement.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { assert, BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { createSearchSpace, type SearchSpace, type SpaceConfigInput, type SpacePoint } from '../space/index.ts';
import { type AccuracySource, genePriors } from '../study/index.ts';
import { drawVaried } from '../study/proxy-check/draw-candidates.ts';
import { lookAtCandidates, lookAtEach, openLooks } from './low-fidelity.ts';
import { loadPredictorArithmetic } from './predictor-files.ts';
import type { DrawnPairs } from './predictor-pairs.ts';
import { type ProbeSurroundings, type ProxyChoice, spaceProxy } from './space-proxy.ts';
import type { Workbench } from './workbench.ts';

/** Candidates that are evaluated at a time: what they share is run once. */
const EVALUATED_TOGETHER = 40;

/**
 * Fits a predictor to evaluated candidates, with the priors of an additive proxy. Where there are candidates in full
 * precision too, its networks learn architectures from those first (APQ).
 *
 * @param workbench of the candidates' network, calibrated as there.
 * @param choice the proxies; none if undefined.
 * @param looked further candidates that are run on calibration images alone; or each candidate itself, and each that is
 * predicted later.
 * @throws {BitbudgetError} `mismatch` for other weights, `input` for too few candidates, `interrupted`.
 */
export async function fitToRuns(
  workbench: Workbench,
  { network, weightsSha256, calibration, space: config, pairs, fullPrecision }: DrawnPairs,
  choice: ProxyChoice | undefined,
  { looked, ...settings }: Partial<EnsembleSettings> & { looked: number | 'each' },
  surroundings: ProbeSurroundings,
): Promise<StoredPredictor> {
  assertWeights(workbench, { network, weightsSha256 });
  const space = createSearchSpace(workbench.opened.network, config as SpaceConfigInput);
  for (const { genomes } of fullPrecision ? [pairs, fullPrecision] : [pairs]) assertKnown(genomes, space);
  const genes = await predictorGenes(workbench, space, choice, surroundings);
  const makeArithmetic = await loadPredictorArithmetic();
  const all = { ...DEFAULT_ENSEMBLE, ...settings };
  const start = fullPrecision && (await architecturesOf(makeArithmetic, genes, fullPrecision, all, surroundings));
  const before = { ...(start && { start }), ...(await lookedAt(workbench, space, pairs, looked, surroundings)) };
  const { model, heldOut } = await fitPredictor(makeArithmetic, genes, pairs, all, surroundings, before);
  return {
    ...{ network, weightsSha256, calibration: { ...calibration }, space: { ...config } },
    ...{ proxy: choice?.proxy ?? null, heldOut, model },
    ...(fullPrecision && { fullPrecisionPairs: fullPrecision.losses.length }),
  };
}

/** What is seen of candidates without labels: of others, or of the evaluated ones themselves. */
async function lookedAt(
  workbench: Workbench,
  space: SearchSpace,
  { genomes }: EvaluatedPairs,
  looked: number | 'each',
  surroundings: ProbeSurroundings,
): Promise<Pick<Beforehand, 'lowFidelity' | 'looks'>> {
  if (looked === 0) return {};
  if (looked !== 'each') return { lowFidelity: await lookAtCandidates(workbench, space, looked, surroundings) };
  return { looks: await lookAtEach(workbench, space, genomes, surroundings) };
}

/** What networks learn of architectures before they hear of bits. */
function architecturesOf(
  makeArithmetic: (bytes: number) => Arithmetic,
  genes: readonly PredictorGene[],
  pairs: EvaluatedPairs,
  settings: EnsembleSettings,
  surroundings: ProbeSurroundings,
): Promise<Ensemble> {
  const count = pairs.losses.length;
  const remedy = `Run at least ${LEAST_PAIRS}, or give --no-transfer.`;
  if (new Encoding(genes).architectureSize === 0) {
    const problem = 'The space chooses bits alone, and candidates in full precision tell nothing of those.';
    throw new BitbudgetError('input', problem, 'Give --no-transfer.');
  }
  if (count >= LEAST_PAIRS) return fitArchitectures(makeArithmetic, genes, pairs, settings, surroundings);
  throw new BitbudgetError('input', `There are ${count} candidates in full precision to learn from.`, remedy);
}

/** The genes of a space as predictors know them, with what a proxy thinks of each choice. */
export async function predictorGenes(
  workbench: Workbench,
  space: SearchSpace,
  choice: ProxyChoice | undefined,
  surroundings: ProbeSurroundings,
): Promise<PredictorGene[]> {
  const priors = choice && genePriors({ space, proxy: await spaceProxy(workbench, space, surroundings, choice) });
  return space.genes.map(({ kind, name, choices }, gene) => ({
    ...{ kind, name, choices: [...choices] },
    ...(priors && { prior: priors[gene] }),
  }));
}

/**
 * A predictor as a search's source of accuracies. Where it needs looks each candidate of the search is looked at.
 *
 * @throws {BitbudgetError} `mismatch` if it is of another space, of other weights, or needs looks and was calibrated
 * otherwise.
 */
export async function predictedAccuracy(
  stored: StoredPredictor,
  space: SearchSpace,
  workbench: Workbench,
  surroundings: Pick<ProbeSurroundings, 'cancellation'>,
): Promise<AccuracySource<SpacePoint>> {
  assertWeights(workbench, stored);
  assertGenes(stored.model.genes, space);
  const predictor = new Predictor(await loadPredictorArithmetic(), stored.model);
  if (predictor.needsLooks) assertCalibration(workbench, stored);
  const look = predictor.needsLooks ? openLooks(workbench) : undefined;
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const quiet = { ...surroundings, onProgress: () => {}, pause };
  return {
    kind: `predictor:${stored.sha256?.slice(0, 12) ?? 'unsaved'}`, // another file is another search
    async losses(points) {
      const genomes = points.map(({ genome }) => genome);
      return predictor.predict(genomes, await look?.(points, quiet)).map(({ value }) => value);
    },
    accuracyOf: (loss) => Math.min(Math.max(1 - loss, 0), 1),
  };
}

/** How good a predictor is on candidates that it did not learn from. */
export interface PredictorCheck {
  candidates: number;
  /** Mean absolute error of the accuracy. */
  meanAbsoluteError: number;
  spearman: RankAgreement['spearman'];
  kendall: RankAgreement['kendall'];
  /** Share of the truths within the interval that is to hold 68%, and 95%, of them. */
  within68: number;
  within95: number;
}

/**
 * Evaluates fresh candidates truly and compares.
 *
 * @param truth evaluates candidates.
 * @throws {BitbudgetError} `mismatch` for other weights or another space; `interrupted`.
 */
export async function checkPredictor(
  workbench: Workbench,
  stored: StoredPredictor,
  truth: AccuracySource<SpacePoint>,
  { candidates, seed }: { candidates: number; seed: number },
  surroundings: ProbeSurroundings,
): Promise<PredictorCheck> {
  assertWeights(workbench, stored);
  const space = createSearchSpace(workbench.opened.network, stored.space as SpaceConfigInput);
  assertGenes(stored.model.genes, space);
  const { genomes: learned } = stored.model.pairs;
  const known = new Set(learned.map((genome) => genome.join()));
  const drawn = drawVaried(space, candidates + learned.length, new Random(seed));
  const genomes = drawn.filter((genome) => !known.has(genome.join())).slice(0, candidates);
  const predictor = new Predictor(await loadPredictorArithmetic(), stored.model);
  const points = genomes.map((genome) => space.decode(genome));
  const looks = predictor.needsLooks ? await lookAtEach(workbench, space, genomes, surroundings) : undefined;
  const predicted = predictor.predict(genomes, looks);
  const losses: number[] = [];
  for (let start = 0; start < genomes.length; start += EVALUATED_TOGETHER) {
    losses.push(...(await truth.losses(points.slice(start, start + EVALUATED_TOGETHER))));
    surroundings.onProgress('evaluating fresh candidates', losses.length / genomes.length);
    await surroundings.pause();
  }
  return comparePredictions(predicted, losses);
}

/** Errors, ranks and the calibration of the uncertainty. */
export function comparePredictions(
  predicted: readonly { value: number; deviation: number }[],
  losses: readonly number[],
): PredictorCheck {
  assert(predicted.length === losses.length, 'one loss for each prediction');
  const off = predicted.map(({ value }, i) => Math.abs(value - losses[i]));
  const within = (deviations: number) =>
    off.filter((error, i) => error <= deviations * predicted[i].deviation).length / off.length;
  const agreement = rankAgreement(
    predicted.map(({ value }) => value),
    losses,
    1,
  );
  return {
    candidates: losses.length,
    meanAbsoluteError: off.reduce((sum, error) => sum + error, 0) / off.length,
    ...{ spearman: agreement.spearman, kendall: agreement.kendall },
    ...{ within68: within(1), within95: within(1.96) },
  };
}

function assertWeights(
  { opened }: Pick<Workbench, 'opened'>,
  { network, weightsSha256 }: { network: string; weightsSha256: string },
) {
  if (opened.weightsSha256 === weightsSha256) return;
  const problem = `The candidates of ${network} had other weights than those opened now.`;
  throw new BitbudgetError('mismatch', problem, 'Name the weights that they were made with by --weights.');
}

/** What is seen of a candidate depends on how it was calibrated. */
function assertCalibration({ calibration: own }: Workbench, { calibration }: StoredPredictor): void {
  if (canonicalJson(JSON.parse(JSON.stringify(own))) === canonicalJson(calibration)) return;
  const problem = 'The predictor looks at candidates, and those that it learned from were calibrated otherwise.';
  throw new BitbudgetError('mismatch', problem, 'Give the calibration that they were made with, or fit another.');
}

function assertKnown(genomes: readonly (readonly number[])[], space: SearchSpace): void {
  const known = genomes.every(
    (genome) =>
      genome.length === space.genes.length && genome.every((value, g) => value < space.genes[g].choices.length),
  );
  if (known) return;
  const problem = 'There are candidates that their own space does not know.';
  throw new BitbudgetError('damaged-file', problem, 'Restore the files that they were read from, or make them anew.');
}

function assertGenes(genes: readonly PredictorGene[], space: SearchSpace): void {
  const told = (list: readonly { name: string; choices: readonly (string | number)[] }[]) =>
    list.map(({ name, choices }) => `${name}=${choices.join()}`).join(';');
  if (told(genes) === told(space.genes) && new Encoding(genes).size > 0) return;
  const problem = `The predictor is of a space of ${genes.length} genes, and not of this one of ${space.genes.length}.`;
  throw new BitbudgetError('mismatch', problem, 'Choose the space that it was fitted in, or fit another.');
}
