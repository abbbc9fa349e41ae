import { disagreement } from '../accuracy/predictor/agreement.ts';
import type { LowFidelityPairs } from '../accuracy/predictor/low-fidelity.ts';
import { signalLoss } from '../accuracy/proxies/signal-loss.ts';
import { interrupted } from '../accuracy/proxies/types.ts';
import { Random } from '../core/random.ts';
import { loadForEvaluation } from '../engine/evaluation-variants.ts';
import { SharedRuns } from '../engine/shared-runs.ts';
import type { Design } from '../quant/design.ts';
import { type QuantizedNetwork, quantizeNetwork } from '../quant/quantize.ts';
import { weightedLayers } from '../quant/tensor-plan.ts';
import type { SearchSpace } from '../space/index.ts';
import { drawVaried } from '../study/proxy-check/draw-candidates.ts';
import { DesignBuilder } from './designs.ts';
import type { ProbeSurroundings } from './space-proxy.ts';
import type { Workbench } from './workbench.ts';

/** Candidates whose common layers are run once. */
const TOGETHER = 40;
/** Images that each is run on to model a level, and the most of those that one is looked at with. */
const IMAGES = 32;
const LOOK_IMAGES = 64;
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
  surroundings: ProbeSurroundings,
): Promise<LowFidelityPairs> {
  // neighbours in this order share the most
  const genomes = drawVaried(space, count, new Random(SEED)).sort(inOrder);
  const points = genomes.map((genome) => space.decode(genome));
  return { genomes, losses: await comparisons(workbench, IMAGES, signalLoss)(points, surroundings) };
}

/** What a look at each of some designs says, in their order. @throws {BitbudgetError} `interrupted`. */
export type Look = (designs: readonly Design[], surroundings: ProbeSurroundings) => Promise<number[]>;

/**
 * Looks at candidates: each is run on up to 64 calibration images, no label of which is looked at. What it shows is the
 * share of answers that are thought to differ from the whole network's in f32.
 *
 * @see {@link disagreement}
 */
export function openLooks(workbench: Workbench): Look {
  return comparisons(workbench, LOOK_IMAGES, disagreement);
}

/** What a look at each of some genomes says, in their order; those that share the most are run together. */
export async function lookAtEach(
  workbench: Workbench,
  space: SearchSpace,
  genomes: readonly (readonly number[])[],
  surroundings: ProbeSurroundings,
): Promise<number[]> {
  const order = genomes.map((_, row) => row).sort((a, b) => inOrder(genomes[a], genomes[b]));
  const points = order.map((row) => space.decode([...genomes[row]]));
  const looks = new Array<number>(genomes.length);
  for (const [i, look] of (await openLooks(workbench)(points, surroundings)).entries()) looks[order[i]] = look;
  return looks;
}

function comparisons(
  workbench: Workbench,
  count: number,
  compare: (reference: readonly Float32Array[], logits: readonly Float32Array[]) => number,
): Look {
  const builder = new DesignBuilder(workbench);
  const images = workbench.images.slice(0, count);
  let reference: Float32Array[] | undefined;
  return async (designs, { onProgress, cancellation, pause }) => {
    reference ??= referenceOf(workbench, images);
    const losses: number[] = [];
    for (let from = 0; from < designs.length; from += TOGETHER) {
      const networks = designs.slice(from, from + TOGETHER).map((design) => builder.quantize(design));
      losses.push(...logitsOf(workbench, networks, images).map((logits) => compare(reference!, logits)));
      onProgress('looking at candidates', losses.length / designs.length);
      await pause();
      if (cancellation.aborted) throw interrupted();
    }
    return losses;
  };
}

function referenceOf(workbench: Workbench, images: readonly Uint8Array[]): Float32Array[] {
  const { source } = workbench;
  const real = new Map(weightedLayers(source.folded).map((layer) => [layer, 'f32' as const]));
  return logitsOf(workbench, [quantizeNetwork(source, real)], images)[0];
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
