import { quantizeNetwork } from '../../quant/quantize.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { uniformSchemes, weightedLayers } from '../../quant/tensor-plan.ts';
import { oneAtATime, runVersions } from './probe-runs.ts';
import { assertNeeds, type BitProxy, type ProxyContext } from './types.ts';

/** Images that each probe looks at. */
const PROBE_IMAGES = 32;

/**
 * Signal-to-noise proxy: quantizes one layer at a time, the rest in f32, and measures the power of the error in the
 * network's logits relative to their own. Independent small errors add in power, so a candidate's loss is the sum over
 * its layers (the additive noise model of Lin et al.). A loss is a noise-to-signal power ratio of the logits.
 */
export const OUTPUT_NOISE: BitProxy = {
  name: 'output-noise',
  paper: 'Lin, Talathi and Annapureddy, Fixed Point Quantization of Deep Convolutional Networks, ICML 2016',
  needs: ['images'],
  async losses(context, schemes) {
    assertNeeds(OUTPUT_NOISE, context);
    const images = context.images.slice(0, PROBE_IMAGES);
    const layers = weightedLayers(context.source.folded);
    // f32 is what a layer adds that a candidate lacks
    const losses = new Map(layers.map((layer) => [layer, new Map<Scheme, number>([['f32', 0]])]));
    const { real, single, versions } = oneAtATime(context, schemes);
    let reference: readonly Float32Array[] = [];
    let signal = 0;
    await runVersions(context, [real, ...versions], images, 'measuring the noise of each layer', (version, logits) => {
      if (version === 0) [reference, signal] = [logits, logitPower(logits)];
      else
        losses.get(single[version - 1].layer)!.set(single[version - 1].scheme, logitPower(logits, reference) / signal);
    });
    return { layers, losses };
  },
};

/** Measures the noise-to-signal power ratio of the logits of any assignment of schemes. */
export function assignmentNoise(context: ProxyContext): (schemes: ReadonlyMap<string, Scheme>) => number {
  const { engine, source } = context;
  const images = context.images.slice(0, PROBE_IMAGES);
  const logitsOf = (assignment: ReadonlyMap<string, Scheme>) => {
    const session = engine.load(quantizeNetwork(source, assignment));
    const logits = images.map((image) => session.run(image));
    session.dispose();
    return logits;
  };
  const reference = logitsOf(uniformSchemes(source.folded, 'f32'));
  const signal = logitPower(reference);
  return (schemes) => logitPower(logitsOf(schemes), reference) / signal;
}

/** Mean squared difference from a reference, or from 0; the mean logit of an image is no information and is taken off. */
export function logitPower(images: readonly Float32Array[], reference?: readonly Float32Array[]): number {
  let sum = 0;
  for (const [i, logits] of images.entries()) {
    const errors = Array.from(logits, (logit, c) => logit - (reference ? reference[i][c] : 0));
    const mean = errors.reduce((a, b) => a + b, 0) / errors.length;
    for (const error of errors) sum += (error - mean) ** 2;
  }
  return sum / images.length;
}
