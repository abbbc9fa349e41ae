import { BitbudgetError } from '../core/errors.ts';
import type { WholeNetworkFit } from '../lut/whole-network.ts';
import type { TimedNetwork } from './rounds.ts';
import { summarizeSamples, theilSen } from './statistics.ts';

/** Fewer networks than this do not show how the ratio depends on length. */
const MINIMUM_NETWORKS = 30;
/** Networks whose lengths lie closer together tell nothing about others. */
const MINIMUM_SPREAD = 1.2;
/** The most that one microsecond more may cost beyond itself. */
const STEEPEST = 0.5;

/**
 * Fits what turns sums of entries into latencies of whole networks, from the networks that the entries were measured in.
 * The scalar is the median ratio of an untimed run to the sum of its layers' medians.
 *
 * The ratio need not be the same for all: a layer's median is over networks of all lengths, and long networks are those
 * whose weights and scratch fill more of the caches, so that their layers take longer than the medians say, and those of
 * short ones less. With w the whole and Σ the sum, w = a·Σ + d, so w/Σ = a + d/Σ: the slope d of the ratio over 1/Σ is
 * estimated by Theil and Sen's method, and used if its 95% interval leaves out zero. In terms of the scalar s and of the length Σ₀ at which
 * w = s·Σ it reads w = s·Σ + (a − s)·(Σ − Σ₀).
 *
 * @throws {BitbudgetError} `unsupported` where most layers take no time by the clock.
 * @param samplesUs of every group, as `samplesByGroup` gives them.
 */
export function fitWholeNetworks(
  network: string,
  networks: readonly TimedNetwork[],
  samplesUs: ReadonlyMap<string, readonly number[]>,
): WholeNetworkFit {
  const mediansUs = new Map([...samplesUs].map(([group, samples]) => [group, summarizeSamples(samples).median]));
  const sumsUs = networks.map(({ groups }) => groups.reduce((sum, group) => sum + mediansUs.get(group)!, 0));
  const ratios = networks.map(({ wholeUs }, i) => wholeUs / sumsUs[i]);
  const scalar = summarizeSamples(ratios).median;
  if (!(scalar > 0 && Number.isFinite(scalar))) {
    const problem = 'The clock is too coarse: most layers take less than one of its steps.';
    throw new BitbudgetError(
      'unsupported',
      problem,
      'Measure with `--protocol least-squares`, a larger network, or where the clock is finer.',
    );
  }
  const [lowUs, highUs] = [Math.min(...sumsUs), Math.max(...sumsUs)];
  if (networks.length < MINIMUM_NETWORKS || highUs < lowUs * MINIMUM_SPREAD) return { scalar };
  const perUs = sumsUs.map((us) => 1 / us);
  const { slope: d, low, high } = theilSen(perUs, ratios);
  if (low <= 0 && high >= 0) return { scalar };
  const a = summarizeSamples(ratios.map((ratio, i) => ratio - d * perUs[i])).median;
  const slope = a - scalar;
  const meanUs = -d / slope;
  if (!(Math.abs(slope) <= STEEPEST && meanUs > lowUs && meanUs < highUs)) return { scalar };
  return { scalar, lengthCorrection: { network, slope, meanUs, lowUs, highUs } };
}
