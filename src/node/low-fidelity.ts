import type { LowFidelityPairs } from '../accuracy/predictor/low-fidelity.ts';
import { signalLoss } from '../accuracy/proxies/signal-loss.ts';
import { interrupted } from '../accuracy/proxies/types.ts';
import { Random } from '../core/random.ts';
import { loadForEvaluation } from '../engine/evaluation-variants.ts';
import { SharedRuns } from '../engine/shared-runs.ts';
import { type QuantizedNetwork, quantizeNetwork } from '../quant/quantize.ts';
import { weightedLayers } from '../quant/tensor-plan.ts';
import type { SearchSpace } from '../space/index.ts';
import { drawVaried } from '../study/proxy-check/draw-candidates.ts';
import { DesignBuilder } from './designs.ts';
import type { ProbeSurroundings } from './space-proxy.ts';
import type { Workbench } from './workbench.ts';

/** Candidates whose common layers are run once. */
const TOGETHER = 40;
/** Images that each is run on. */
const IMAGES = 32;
/** Apart from the draws of candidates that are run for their accuracy, which have seeds of the user's. */
const SEED = 0x10f1;

/**
 * Draws varied candidates and runs them on calibration images: no label is looked at. What each loses is the signal loss of
 * its logits against those of the whole network in f32.
 *
 * @throws {BitbudgetError} `interrupted`.
 */
export async function lookAtCandidates(
  workbench: Workbench,
  space: SearchSpace,
  count: number,
  { onProgress, cancellation, pause }: ProbeSurroundings,
): Promise<LowFidelityPairs> {
  const builder = new DesignBuilder(workbench);
  // neighbours in this order share the most
  const genomes = drawVaried(space, count, new Random(SEED)).sort(inOrder);
  const images = workbench.images.slice(0, IMAGES);
  const { source } = workbench;
  const real = new Map(weightedLayers(source.folded).map((layer) => [layer, 'f32' as const]));
  const [reference] = logitsOf(workbench, [quantizeNetwork(source, real)], images);
  const losses: number[] = [];
  for (let from = 0; from < genomes.length; from += TOGETHER) {
    const networks = genomes.slice(from, from + TOGETHER).map((genome) => builder.quantize(space.decode(genome)));
    losses.push(...logitsOf(workbench, networks, images).map((logits) => signalLoss(reference, logits)));
    onProgress('looking at candidates', losses.length / genomes.length);
    await pause();
    if (cancellation.aborted) throw interrupted();
  }
  return { genomes, losses };
}

/** [network][image], the logits. */
function logitsOf(
  { engine }: Workbench,
  networks: QuantizedNetwork[],
  images: readonly Uint8Array[],
): Float32Array[][] {
  const sessions = loadForEvaluation(engine, networks);
  try {
    const runs = new SharedRuns(sessions);
    const logits: Float32Array[][] = networks.map(() => []);
    for (const pixels of images) {
      for (const [i, own] of runs.run(pixels).entries()) logits[i].push(Float32Array.from(own));
    }
    return logits;
  } finally {
    for (const session of sessions) session.dispose();
  }
}

function inOrder(a: readonly number[], b: readonly number[]): number {
  const gene = a.findIndex((value, i) => value !== b[i]);
  return gene < 0 ? 0 : a[gene] - b[gene];
}
