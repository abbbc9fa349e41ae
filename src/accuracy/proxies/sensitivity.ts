import { exponential, logarithm } from '../../core/elementary.ts';
import type { QuantizationSource } from '../../quant/quantize.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { weightedLayers } from '../../quant/tensor-plan.ts';
import { indexOfLargest } from '../top1.ts';
import { oneAtATime, runVersions, type SingleLayer } from './probe-runs.ts';
import { assertNeeds, type BitProxy, type ProxyContext, type SchemeLosses } from './types.ts';

const PAPER =
  'Wang et al., HAQ, CVPR 2019 (loss and KL); Wu et al., Integer Quantization for Deep Learning Inference, 2020, section 5 (top-1)';

/**
 * Divergence of the quantized network's class probabilities from those in f32, one layer quantized at a time: the mean
 * over the images of Σ p·(ln p − ln q), in nats. Needs no labels.
 */
export const SENSITIVITY_KL: BitProxy = {
  name: 'sensitivity-kl',
  paper: PAPER,
  needs: ['images'],
  losses: (context, schemes) => sensitivity(SENSITIVITY_KL, context, schemes, 'kl'),
};

/** Growth of the mean cross-entropy with one layer quantized at a time, in nats; below 0 where quantizing it helps. */
export const SENSITIVITY_LOSS: BitProxy = {
  name: 'sensitivity-loss',
  paper: PAPER,
  needs: ['images', 'labels'],
  losses: (context, schemes) => sensitivity(SENSITIVITY_LOSS, context, schemes, 'loss'),
};

/** Share of the images that are labelled rightly in f32 and no longer with one layer quantized, less the opposite. */
export const SENSITIVITY_TOP1: BitProxy = {
  name: 'sensitivity-top1',
  paper: PAPER,
  needs: ['images', 'labels'],
  losses: (context, schemes) => sensitivity(SENSITIVITY_TOP1, context, schemes, 'top1'),
};

type Measure = 'kl' | 'loss' | 'top1';

/** One layer in one scheme, the others in f32: what it changes, as means over the images. */
type Probe = SingleLayer & Record<Measure, number>;

async function sensitivity(
  proxy: BitProxy,
  context: ProxyContext,
  schemes: readonly Scheme[],
  measure: Measure,
): Promise<SchemeLosses> {
  assertNeeds(proxy, context);
  const layers = weightedLayers(context.source.folded);
  const losses = new Map(layers.map((layer) => [layer, new Map<Scheme, number>([['f32', 0]])]));
  for (const probe of await probesOf(context, schemes)) losses.get(probe.layer)!.set(probe.scheme, probe[measure]);
  return { layers, losses };
}

/** The runs over some images by the schemes asked for: all three measures are read off the same ones. */
const KNOWN = new WeakMap<
  QuantizationSource,
  { images: ProxyContext['images']; runs: Map<string, Promise<Probe[]>> }
>();

function probesOf(context: ProxyContext, schemes: readonly Scheme[]): Promise<Probe[]> {
  const { source, images } = context;
  let entry = KNOWN.get(source);
  if (entry?.images !== images) KNOWN.set(source, (entry = { images, runs: new Map() }));
  const { runs: known } = entry;
  const key = schemes.join();
  let probes = known.get(key);
  if (!probes) {
    probes = runProbes(context, schemes);
    known.set(key, probes);
    probes.catch(() => known.delete(key)); // an interrupted one may be asked for again
  }
  return probes;
}

/** Runs every layer in every scheme. */
async function runProbes(context: ProxyContext, schemes: readonly Scheme[]): Promise<Probe[]> {
  const { images, labels } = context;
  const { real, single, versions } = oneAtATime(context, schemes);
  const probes: Probe[] = [];
  let reference: readonly Float32Array[] = [];
  await runVersions(context, [real, ...versions], images, 'measuring the sensitivity of each layer', (v, logits) => {
    if (v === 0) reference = logits;
    else probes.push({ ...single[v - 1], ...compareLogits(reference, logits, labels) });
  });
  return probes;
}

/**
 * What changed from one network's logits to another's, as means over the images; without labels the two measures that
 * need them are 0. Exponentials and logarithms are those of `core/elementary`, so that a study has the same bytes
 * everywhere.
 *
 * @param labels the class of each image.
 * @example compareLogits([Float32Array.of(1, 0)], [Float32Array.of(0, 1)], [0]).top1 // => 1
 */
export function compareLogits(
  before: readonly Float32Array[],
  after: readonly Float32Array[],
  labels: readonly number[] | undefined,
): Record<Measure, number> {
  const sum = { kl: 0, loss: 0, top1: 0 };
  for (const [i, logits] of before.entries()) {
    const [p, q] = [logProbabilities(logits), logProbabilities(after[i])];
    for (let c = 0; c < p.length; c++) sum.kl += exponential(p[c]) * (p[c] - q[c]);
    if (!labels) continue;
    const label = labels[i];
    sum.loss += p[label] - q[label];
    sum.top1 += (indexOfLargest(after[i]) === label ? 0 : 1) - (indexOfLargest(logits) === label ? 0 : 1);
  }
  const mean = (total: number) => total / before.length;
  return { kl: mean(sum.kl), loss: mean(sum.loss), top1: mean(sum.top1) };
}

/** ln of the softmax of logits. */
function logProbabilities(logits: ArrayLike<number>): number[] {
  const largest = logits[indexOfLargest(logits)];
  let sum = 0;
  for (let c = 0; c < logits.length; c++) sum += exponential(logits[c] - largest);
  const offset = largest + logarithm(sum);
  return Array.from(logits, (logit) => logit - offset);
}
