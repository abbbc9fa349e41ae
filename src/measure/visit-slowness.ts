import { quantile } from 'simple-statistics';
import { samplesByGroup, type TimedNetwork } from './rounds.ts';
import { type Summary, summarizeSamples } from './statistics.ts';

const SWEEPS = 8;
/** Networks of fewer layers say too little of a visit. */
const LEAST_LAYERS = 5;

/**
 * How slow each visit was, as its layers show it: one in which most of them took 3% longer than the same layers did
 * elsewhere met other work that the reference kernel does not feel, such as a neighbour's share of the caches.
 *
 * The time of a layer is taken for the product of what its group takes and of what all layers of a visit have in common.
 * Both are medians of what the other leaves, in turns: a group's over its visits, a visit's over its layers, longer ones
 * with more weight. That is Tukey's median polish of the logarithms (Exploratory Data Analysis, 1977), and neither is moved
 * by the other work that meets single layers.
 *
 * @param clockQuantumNs of a clock that moves in steps: by those layers cannot be compared, and nothing is said.
 * @returns one factor for each network, the greater the slower; their median is 1.
 */
export function visitSlowness(networks: readonly TimedNetwork[], clockQuantumNs = 0): number[] {
  let slowness = networks.map(() => 1);
  const sweeps = networks.length === 0 || clockQuantumNs > 0 ? 0 : SWEEPS;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const samplesUs = samplesByGroup(networks, slowness);
    const mediansUs = new Map([...samplesUs].map(([group, samples]) => [group, summarizeSamples(samples).median]));
    const common = networks.map((network) => commonFactor(network, mediansUs));
    const typical = summarizeSamples(common).median;
    slowness = common.map((factor) => factor / typical);
  }
  return slowness;
}

/**
 * Medians of all groups with intervals. How slow the typical visit was no number of them tells: every interval is as much
 * wider as the quartiles of their slowness lie below and above 1.
 */
export function summarizeVisits(
  samplesUs: ReadonlyMap<string, readonly number[]>,
  slowness: readonly number[],
): Map<string, Summary> {
  const [below, above] = quartiles(slowness);
  return new Map(
    [...samplesUs].map(([group, samples]) => {
      const summary = summarizeSamples(samples);
      return [group, { ...summary, low: summary.low * below, high: summary.high * above }];
    }),
  );
}

/**
 * How far the slower quartile of visits lies above the faster one, relative, to four digits.
 *
 * @example visitSpread([1, 1, 1.1, 1.1]) // => 0.1
 */
export function visitSpread(slowness: readonly number[]): number {
  const [below, above] = quartiles(slowness);
  return Math.round(1e4 * (above / below - 1)) / 1e4;
}

function quartiles(slowness: readonly number[]): number[] {
  return slowness.length === 0 ? [1, 1] : quantile([...slowness], [0.25, 0.75]);
}

/** The median over a network's layers of what they took in multiples of their groups' medians; longer layers weigh more. */
function commonFactor({ groups, layersUs }: TimedNetwork, mediansUs: ReadonlyMap<string, number>): number {
  if (layersUs.length < LEAST_LAYERS) return 1;
  const ratios = layersUs
    .map((us, layer) => ({ ratio: us / mediansUs.get(groups[layer])!, weight: mediansUs.get(groups[layer])! }))
    .filter(({ ratio, weight }) => weight > 0 && ratio > 0)
    .sort((a, b) => a.ratio - b.ratio);
  const half = ratios.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let passed = 0;
  for (const { ratio, weight } of ratios) {
    passed += weight;
    if (passed >= half) return ratio;
  }
  return 1; // no layer took any time by the clock
}
