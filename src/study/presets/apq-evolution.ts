import { BitbudgetError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import type { Cost } from '../../cost/types.ts';
import { entryKey } from '../../lut/entry-key.ts';
import type { Lut, LutEntry } from '../../lut/schema.ts';
import { foldNetwork } from '../../network/fold.ts';
import type { Network } from '../../network/types.ts';
import { workloadMacs } from '../../network/workload.ts';
import type { Design } from '../../quant/design.ts';
import { schemeBits } from '../../quant/scheme.ts';
import { planTensors, uniformSchemes } from '../../quant/tensor-plan.ts';
import { choiceCounts, type Pricer, type SpaceConfigInput } from '../../space/index.ts';
import type { StudyProxy } from '../types.ts';
import type { Preset } from './preset.ts';

/** Published: 500 generations of 100 after 100 random candidates. */
const POPULATION = 100;
const GENERATIONS = 500;
const BITS = [4, 6, 8];

/** Layers that APQ does not search, priced together as `head` and `tail` of its table. */
const HEAD = ['stem', 'stem.depthwise', 'stem.project'];
const TAIL = ['head', 'pool', 'classifier'];

/**
 * The space that APQ searches (Wang et al., CVPR 2020): for each of 21 inverted residuals the window, the expanded
 * channels and the bits of weights and activations of its 1×1 and its depthwise convolutions, and for each stage of
 * four the depth.
 */
const APQ_SPACE: SpaceConfigInput = {
  name: 'apq',
  fixed: Object.fromEntries([...HEAD, 'head', 'classifier'].map((layer) => [layer, 'w8a8' as const])),
  bits: [
    { only: ['*.expand', '*.project'], per: 'block', weights: BITS, activations: BITS },
    { only: ['*.depthwise'], weights: BITS, activations: BITS },
  ],
  keep: { only: ['*.expand'], atLeast: 0.66, multipleOf: 8 },
  windows: { only: ['stage*'], sizes: [3, 5, 7], needBits: { '7': 6 } },
  drop: { blocks: [0, 1, 2] },
};

/** APQ's evolutionary search with its settings, on a table imported from its own file. */
export const APQ_EVOLUTION: Preset = {
  name: 'apq-evolution',
  summary: "APQ: windows, channels, depth and bits of 21 blocks on APQ's own imported table, 50100 evaluations",
  network: 'apq',
  space({ name }) {
    if (name === 'apq') return APQ_SPACE;
    throw new BitbudgetError('usage', `APQ's space is not one of ${name}.`, 'Leave --network out, or write a --space.');
  },
  settings: {
    population: POPULATION,
    evaluations: POPULATION + GENERATIONS * POPULATION,
    objectives: ['accuracy', 'latency'],
  },
  initial(space, seed) {
    const random = new Random(seed);
    return Array.from({ length: POPULATION }, () => choiceCounts(space).map((count) => random.below(count)));
  },
  measures: [],
};

/**
 * APQ's table with its two sums spread over the layers that they stand for, by multiply-accumulates: the price of a
 * whole network is then the sum of its entries, exactly as APQ adds it up.
 *
 * @param imported the table that `lut import apq` makes.
 * @throws {BitbudgetError} `input` for any other table.
 */
export function apqTable(imported: Lut, network: Network): Lut {
  const { headUs, tailUs, headUj, tailUj } = imported.protocol;
  const sums = [headUs, tailUs, headUj, tailUj];
  if (!sums.every((sum) => typeof sum === 'number' && sum > 0)) {
    const remedy = "Make one of APQ's file with `bitbudget lut import apq FILE`.";
    throw new BitbudgetError('input', "The table is none of APQ's: it has no sums for head and tail.", remedy);
  }
  const plan = planTensors(foldNetwork(network), uniformSchemes(foldNetwork(network), 'w8a8'));
  const spread = (layers: readonly string[], us: number, uj: number): LutEntry[] => {
    const works = layers.map((layer) => {
      const workload = plan.workloads.get(layer)!;
      return workloadMacs(workload) || workload.height * workload.width * workload.inChannels; // a pool's additions
    });
    const total = works.reduce((sum, work) => sum + work, 0);
    return layers.map((layer, i) => {
      const workload = plan.workloads.get(layer)!;
      const scheme = plan.schemes.get(layer)!;
      const median = (us * works[i]) / total;
      return {
        ...imported.entries[0],
        key: entryKey(workload, scheme),
        workload,
        scheme,
        latencyUs: { median, low: median, high: median, p95: median, count: 1 },
        energyUj: { value: (uj * works[i]) / total, source: 'model' },
      };
    });
  };
  const [head, tail, headEnergy, tailEnergy] = sums as number[];
  const entries = [...imported.entries, ...spread(HEAD, head, headEnergy), ...spread(TAIL, tail, tailEnergy)];
  return { ...imported, entries };
}

/**
 * Stands for accuracy where there are no weights to evaluate: the whole space's largest network costs most and loses
 * least, and fewer bits lose by the power of their rounding error, 4^−bits, in every layer alike. It ranks designs by
 * how much of the largest one is left; it is no accuracy. A predictor takes its place through the same port.
 */
export function capacityProxy(pricer: Pricer<Design>, largest: Design): StudyProxy<Design> {
  const { macs }: Cost = pricer.estimate(largest);
  return {
    name: 'capacity',
    loss(design) {
      let noise = 0;
      for (const scheme of design.schemes.values()) {
        const { weightBits, activationBits } = schemeBits(scheme);
        noise += 4 ** -weightBits + 4 ** -activationBits;
      }
      return macs / pricer.estimate(design).macs - 1 + (NOISE_WEIGHT * noise) / design.schemes.size;
    },
  };
}

/** So much does rounding weigh against lost multiply-accumulates: 4 bits throughout as much as a sixteenth of them. */
const NOISE_WEIGHT = 8;
