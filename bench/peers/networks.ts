import { raceVariants } from '../../src/measure/race.ts';
import { reachableEntries } from '../../src/measure/reachable.ts';
import { TunedVariants } from '../../src/measure/tuned-variants.ts';
import { foldNetwork } from '../../src/network/fold.ts';
import { inferShapes } from '../../src/network/shapes.ts';
import { calibratedSource, calibrationImages, DEFAULT_CALIBRATION } from '../../src/node/calibrated-source.ts';
import { nodeClock } from '../../src/node/clock.ts';
import { createEngine } from '../../src/node/network-engine.ts';
import { openNetwork } from '../../src/node/open-network.ts';
import { type QuantizationSource, quantizeNetwork } from '../../src/quant/quantize.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { uniformSchemes } from '../../src/quant/tensor-plan.ts';
import type { Runner, Timed } from './contestants.ts';
import { type InterleaveOptions, interleave } from './interleave.ts';
import { ortNetwork } from './ort.ts';
import { TfjsNetwork } from './tfjs.ts';

export const BENCH_NETWORKS = ['resnet20', 'resnet8', 'ds-cnn', 'mobilenet-v2-0.35-96', 'mobilenet-v2'] as const;

const SILENT = { pause: async () => {}, cancellation: { aborted: false }, onProgress: () => {} };
/** Of the greatest logit; f32 runs with Winograd and fused multiply-add here, and peers sum in other orders. */
const AGREEMENT = 1e-3;

export interface NetworkResult {
  network: string;
  timed: Timed[];
  /** Layers of each scheme by the variant that ran them. */
  variants: Record<string, Record<string, number>>;
}

/** One network from input to logits: ours in each scheme throughout, and the peers in f32 and int8. */
export async function benchNetwork(
  name: string,
  schemes: readonly Scheme[],
  options: InterleaveOptions,
): Promise<NetworkResult> {
  const { engine } = await createEngine();
  const { network } = await openNetwork(name);
  const folded = foldNetwork(network);
  const settings = { ...DEFAULT_CALIBRATION, samples: 4 };
  const source: QuantizationSource = calibratedSource(engine, folded, settings);
  const [pixels] = calibrationImages(settings, folded.inputShape);
  const { mean, std } = folded.preprocessing;
  const input = Float32Array.from(pixels, (p, i) => (p / 255 - mean[i % mean.length]) / std[i % std.length]);

  const ranking = await raceVariants({ engine, clock: nodeClock, ...SILENT }, reachableEntries(folded, schemes));
  const tuned = new TunedVariants(engine, source, ranking);
  const variants: NetworkResult['variants'] = {};
  const runners: Runner[] = [];
  const quantized = (scheme: Scheme) => quantizeNetwork(source, uniformSchemes(folded, scheme, scheme));
  let logits = new Float32Array();
  for (const scheme of schemes) {
    const session = engine.load(quantized(scheme), { ranking });
    if (scheme === 'f32') logits = session.run(input) as Float32Array<ArrayBuffer>;
    const counts: Record<string, number> = {};
    for (const { layer } of session.steps) {
      const { id } = tuned.of(layer, layer.name, false);
      counts[id] = (counts[id] ?? 0) + 1;
    }
    variants[scheme] = counts;
    runners.push({
      name: `bitbudget ${scheme}`,
      run: () => {
        session.setInput(pixels);
        session.execute();
      },
    });
  }

  const shapes = inferShapes(folded);
  const tfjs = new TfjsNetwork(folded, (tensor) => shapes.get(tensor)![2]);
  const ortReal = await ortNetwork(quantized('f32'), input);
  const ortInteger = await ortNetwork(quantized('w8a8'), input);
  if (schemes.includes('f32')) {
    assertAgree('tfjs', logits, tfjs.logits(input));
    assertAgree('onnxruntime-web', logits, await ortReal.logits());
  }
  const peers = [tfjs.runner(input), ortReal, ortInteger];
  const timed = await interleave([...runners, ...peers], options);
  for (const peer of peers) peer.dispose?.();
  return { network: name, timed, variants };
}

function assertAgree(peer: string, ours: Float32Array, theirs: Float32Array): void {
  const greatest = ours.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const worst = ours.reduce((most, v, i) => Math.max(most, Math.abs(v - theirs[i])), 0);
  if (!(worst <= AGREEMENT * greatest)) throw new Error(`${peer} computes something else: ${worst} of ${greatest}.`);
}
