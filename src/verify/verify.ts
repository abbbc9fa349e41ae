import { Random } from '../core/random.ts';
import type { CostModel, Estimate } from '../cost/types.ts';
import type { VariantRanking } from '../kernels/ranking.ts';
import { DEFAULT_NETWORK_TIMING, type NetworkTimingOptions, timeNetworks } from '../measure/networks.ts';
import { type PredictionError, predictionError } from '../measure/statistics.ts';
import type { Bench } from '../measure/surroundings.ts';
import { type QuantizedNetwork, quantizeNetwork } from '../quant/quantize.ts';
import type { Scheme } from '../quant/scheme.ts';

/** One network's prediction beside its measurement, both with 95% intervals, in milliseconds. */
export interface VerifiedNetwork {
  schemes: Scheme[];
  predictedMs: number;
  lowMs: number;
  highMs: number;
  measuredMs: number;
  measuredLowMs: number;
  measuredHighMs: number;
  /** The machine never ran at the table's speed while this one was timed: it does not count in the error. */
  atOtherSpeed?: true;
}

/** All networks, and the error over the whole set. */
export interface VerificationReport extends Omit<PredictionError, 'networks'> {
  networks: VerifiedNetwork[];
  /** How long a fixed amount of work took meanwhile, in multiples of what it took while the table was measured. */
  slowdown: number;
}

/** A network to be run, and what a table says of it. */
export interface PredictedNetwork {
  schemes: readonly Scheme[];
  quantized: QuantizedNetwork;
  latencyMs: Estimate;
}

export interface VerifyOptions {
  seed: number;
  timing?: NetworkTimingOptions;
  /** The machine's speed while the table was measured, if it is known: networks are timed at that speed where possible. */
  levelNs?: number;
  /** The table's variants, so that what was measured is what runs. */
  ranking?: VariantRanking;
}

/**
 * Proves a table: loads candidates of one network, times them end to end in interleaved rounds and compares with what
 * the cost model predicts from the table.
 *
 * @param assignments one scheme for each of `costModel.layers`, for each candidate.
 * @throws {BitbudgetError} `missing-entry` if the table cannot price a candidate, `interrupted` on cancellation.
 */
export async function verifyPredictions(
  bench: Bench,
  costModel: CostModel,
  assignments: readonly (readonly Scheme[])[],
  options: VerifyOptions,
): Promise<VerificationReport> {
  const networks = assignments.map((schemes): PredictedNetwork => {
    const byLayer = new Map(costModel.layers.map((layer, i) => [layer, schemes[i]]));
    const { latencyMs } = costModel.estimate(schemes);
    return { schemes, quantized: quantizeNetwork(bench.source, byLayer), latencyMs };
  });
  return verifyNetworks(bench, networks, options);
}

/**
 * {@link verifyPredictions} of networks that may differ in their layers and channels, but not in their input.
 *
 * @throws {BitbudgetError} `interrupted` on cancellation.
 */
export async function verifyNetworks(
  bench: Bench,
  predicted: readonly PredictedNetwork[],
  options: VerifyOptions,
): Promise<VerificationReport> {
  const sessions = predicted.map(({ quantized }) => bench.engine.load(quantized, { ranking: options.ranking }));
  const timing = { ...(options.timing ?? DEFAULT_NETWORK_TIMING), levelNs: options.levelNs };
  if (options.levelNs !== undefined) bench.reference.expect(options.levelNs);
  const {
    times: measured,
    levelNs,
    atLevel,
  } = await timeNetworks(sessions, bench.input, bench, new Random(options.seed), timing, bench);
  for (const session of sessions) session.dispose();

  const networks = predicted.map(({ schemes, latencyMs }, i) => ({
    schemes: [...schemes],
    predictedMs: latencyMs.value,
    lowMs: latencyMs.low,
    highMs: latencyMs.high,
    measuredMs: measured[i].median,
    measuredLowMs: measured[i].low,
    measuredHighMs: measured[i].high,
    ...(!atLevel[i] && { atOtherSpeed: true as const }),
  }));
  const counted = networks.filter(({ atOtherSpeed }) => !atOtherSpeed);
  const error = predictionError(counted.map((n) => ({ predicted: n.predictedMs, measured: n.measuredMs })));
  return { ...error, networks, slowdown: options.levelNs === undefined ? 1 : levelNs / options.levelNs };
}

/**
 * Whether a measured latency keeps a budget: surely, surely not, or undecided because the budget lies in the interval.
 *
 * @example keepsBudget({ measuredMs: 2, measuredLowMs: 1.9, measuredHighMs: 2.1 }, 1.5) // => 'over'
 */
export function keepsBudget(
  network: Pick<VerifiedNetwork, 'measuredMs' | 'measuredLowMs' | 'measuredHighMs'>,
  budgetMs: number,
): 'within' | 'within-interval' | 'over' {
  if (network.measuredMs <= budgetMs) return 'within';
  return network.measuredLowMs <= budgetMs ? 'within-interval' : 'over';
}
