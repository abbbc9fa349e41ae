import type { Engine } from '../../src/engine/engine.ts';
import { workloadMacs } from '../../src/network/workload.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { benchmarkLayer } from '../harness.ts';
import type { LayerRunner, Timed } from './contestants.ts';
import { type InterleaveOptions, interleave, medianMs } from './interleave.ts';
import type { BenchLayer } from './layers.ts';
import { type LimitName, type LimitRunner, limitOf } from './limits.ts';
import { ortEmptyCall, ortInt8Layer, ortLayer } from './ort.ts';
import { ourRunners } from './ours.ts';
import { tfjsLayer } from './tfjs.ts';

/** A scheme on one layer. */
export interface OurResult {
  scheme: Scheme;
  variant: string;
  timed: Timed;
  limit: LimitName;
  /** Share of that limit, both timed in the same rounds; above 1 where fewer operations are needed than a direct kernel's. */
  ofLimit: number;
}

/** One layer: ours by scheme, and the peers. */
export interface LayerResult {
  layer: BenchLayer;
  operations: number;
  ours: OurResult[];
  tfjs: Timed;
  ort: Timed;
  ortInt8: Timed;
  /** What calling onnxruntime-web costs with tensors of this size: in f32 and in 8 bits. */
  emptyCall: { ort: Timed; ortInt8: Timed };
  /** In billions of operations a second. */
  limits: Partial<Record<LimitName, number>>;
}

/** Of the greatest output: Winograd and fused multiply-add round otherwise than the reference, and peers sum in other orders. */
const REAL_AGREEMENT = 1e-4;
/** Steps of the output: int8 peers round the scale otherwise. */
const INTEGER_AGREEMENT = 1;

/**
 * Times one layer: the fastest variant of each scheme, the peers on the same numbers, and the limits of the machine.
 *
 * @throws if a peer computes something else.
 */
export async function benchLayer(
  engine: Engine,
  layer: BenchLayer,
  schemes: readonly Scheme[],
  limits: readonly LimitRunner[],
  options: InterleaveOptions,
): Promise<LayerResult> {
  const ours = await ourRunners(engine, layer.workload, schemes);
  const distinct = ours.filter(({ variant }, i) => ours.findIndex((other) => other.variant.id === variant.id) === i);
  const real = benchmarkLayer(layer.workload, 'f32', 1);
  const integer = benchmarkLayer(layer.workload, 'w8a8', 1);
  const [tfjs, ort, ortInt8] = [tfjsLayer(real), await ortLayer(real), await ortInt8Layer(integer)];
  const empty = [await ortEmptyCall(real), await ortEmptyCall(integer)];
  const ourOf = (scheme: Scheme) => ours.find((runner) => runner.scheme === scheme);
  await assertAgree(ourOf('f32'), tfjs, REAL_AGREEMENT, true);
  await assertAgree(ourOf('f32'), ort, REAL_AGREEMENT, true);
  await assertAgree(ourOf('w8a8'), ortInt8, INTEGER_AGREEMENT, false);

  const kernels = [...distinct, tfjs, ort, ortInt8, ...empty];
  const timed = await interleave([...kernels, ...limits], options);
  for (const { dispose } of kernels) dispose?.();
  const peers = timed.slice(distinct.length);
  const limitTimed = timed.slice(kernels.length);
  const rate = (operations: number, one: Timed) => operations / medianMs(one) / 1e6;
  const rates = Object.fromEntries(limits.map(({ limit, operations }, i) => [limit, rate(operations, limitTimed[i])]));
  const operations = 2 * workloadMacs(layer.workload);
  return {
    layer,
    operations,
    ours: ours.map(({ scheme, variant }) => {
      const one = timed[distinct.findIndex((runner) => runner.variant.id === variant.id)];
      const limit = limitOf(variant);
      return { scheme, variant: variant.id, timed: one, limit, ofLimit: rate(operations, one) / rates[limit] };
    }),
    tfjs: peers[0],
    ort: peers[1],
    ortInt8: peers[2],
    emptyCall: { ort: peers[3], ortInt8: peers[4] },
    limits: rates,
  };
}

async function assertAgree(
  ours: LayerRunner | undefined,
  peer: LayerRunner,
  tolerance: number,
  relative: boolean,
): Promise<void> {
  if (!ours) return;
  const [own, theirs] = [await ours.output(), await peer.output()];
  let greatest = 0;
  let worst = own.length === theirs.length ? 0 : Number.NaN;
  for (let i = 0; i < own.length; i++) {
    greatest = Math.max(greatest, Math.abs(own[i]));
    worst = Math.max(worst, Math.abs(own[i] - theirs[i]));
  }
  const allowed = relative ? tolerance * greatest : tolerance;
  if (!(worst <= allowed)) throw new Error(`${peer.name} computes something else: ${worst} off, of ${greatest}.`);
}
