import { Random } from '../../core/random.ts';
import { choiceCounts } from '../../space/index.ts';
import { type Preset, PUBLISHED_MEASURES } from './preset.ts';

/** Published: 50 generations of 16 after 32 random candidates. */
const RANDOM = 32;
const GENERATIONS = 50;
const CHILDREN = 16;

/**
 * QuantEA of Huawei's Vega: a gene for the weight bits and one for the activation bits of every convolution but the
 * first, 2, 4 or 8 each; the first convolution and the classifier stay f32. Objectives are accuracy, FLOPs and
 * parameters. What its code did wrong is not repeated, see docs/presets.md.
 */
export const QUANT_EA: Preset = {
  name: 'quant-ea',
  summary: 'QuantEA (Vega): weight and activation bits of every inner layer, 832 evaluations',
  network: 'resnet20',
  space({ layers }) {
    const weighted = layers.filter(({ op }) => op === 'conv2d' || op === 'dense').map(({ name }) => name);
    const ends = [weighted[0], weighted[weighted.length - 1]];
    return {
      name: 'quant-ea',
      bits: { weights: [2, 4, 8], activations: [2, 4, 8] },
      fixed: Object.fromEntries(ends.map((layer) => [layer, 'f32' as const])),
    };
  },
  settings: {
    population: CHILDREN,
    evaluations: RANDOM + GENERATIONS * CHILDREN,
    objectives: ['accuracy', 'flops', 'weightedParameters'],
    algorithm: 'nsga3',
  },
  initial(space, seed) {
    const random = new Random(seed);
    return Array.from({ length: RANDOM }, () => choiceCounts(space).map((count) => random.below(count)));
  },
  measures: PUBLISHED_MEASURES,
};
