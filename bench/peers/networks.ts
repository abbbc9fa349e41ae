import { entryKey } from '../../src/lut/entry-key.ts';
import { raceVariants } from '../../src/measure/race.ts';
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
import { SILENT } from './ours.ts';
import { TfjsNetwork } from './tfjs.ts';

export const BENCH_NETWORKS = ['resnet20', 'resnet8', 'ds-cnn', 'mobilenet-v2-0.35-96', 'mobilenet-v2'] as const;

/** Of the greatest logit; f32 runs with Winograd and fused multiply-add here, and peers sum in other orders. */
const REAL_AGREEMENT = 1e-3;
/** Also of the greatest logit: a peer that adds residuals in a step of its own rounds once more in every block. */
const INTEGER_AGREEMENT = 0.3;

export interface NetworkResult {
  network: string;
  timed: Timed[];
  /** Greatest difference of the peers' logits from ours of the same kind, as a share of the greatest logit. */
  differences: { tfjs: number; ort: number; ortInt8: number };
  /** Layers of each scheme by the variant that ran them. */
  variants: Record<string, Record<string, number>>;
}

/** One network from input to logits: ours in each scheme throughout (f32 and w8a8 among them), and the peers in f32 and int8. */
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

  const quantized = new Map(
    schemes.map((scheme) => [scheme, quantizeNetwork(source, uniformSchemes(folded, scheme, scheme))]),
  );
  const layers = [...quantized.values()].flatMap((one) => one.layers);
  const subjects = new Map(layers.map(({ workload, scheme }) => [entryKey(workload, scheme), { workload, scheme }]));
  const ranking = await raceVariants({ engine, clock: nodeClock, ...SILENT }, subjects);
  const variants: NetworkResult['variants'] = {};
  const runners: Runner[] = [];
  const logits: Record<string, Float32Array> = {};
  for (const scheme of schemes) {
    const session = engine.load(quantized.get(scheme)!, { ranking });
    logits[scheme] = session.run(pixels);
    const counts: Record<string, number> = {};
    for (const { variant } of session.steps) counts[variant.id] = (counts[variant.id] ?? 0) + 1;
    variants[scheme] = counts;
    runners.push({ name: `bitbudget ${scheme}`, run: () => session.run(pixels) });
  }

  const shapes = inferShapes(folded);
  const tfjs = new TfjsNetwork(folded, (tensor) => shapes.get(tensor)![2]);
  const ortReal = await ortNetwork(quantized.get('f32')!, input);
  const ortInteger = await ortNetwork(quantized.get('w8a8')!, input);
  const differences = {
    tfjs: agreement('tfjs', logits.f32, tfjs.logits(input), REAL_AGREEMENT),
    ort: agreement('onnxruntime-web', logits.f32, await ortReal.logits(), REAL_AGREEMENT),
    ortInt8: agreement('onnxruntime-web int8', logits.w8a8, await ortInteger.logits(), INTEGER_AGREEMENT),
  };
  const peers = [tfjs.runner(input), ortReal, ortInteger];
  const timed = await interleave([...runners, ...peers], options);
  for (const peer of peers) peer.dispose?.();
  return { network: name, timed, differences, variants };
}

/** @throws if a peer's logits are further from ours than `tolerance` of the greatest one. */
function agreement(peer: string, ours: Float32Array, theirs: Float32Array, tolerance: number): number {
  const greatest = ours.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const worst = ours.reduce((most, v, i) => Math.max(most, Math.abs(v - theirs[i])), 0);
  if (!(worst <= tolerance * greatest)) throw new Error(`${peer} computes something else: ${worst} of ${greatest}.`);
  return worst / greatest;
}
