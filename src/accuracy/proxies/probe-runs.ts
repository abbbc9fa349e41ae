import { loadForEvaluation } from '../../engine/evaluation-variants.ts';
import type { NetworkInput } from '../../engine/input.ts';
import { SharedRuns } from '../../engine/shared-runs.ts';
import { quantizeNetwork } from '../../quant/quantize.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { uniformSchemes, weightedLayers } from '../../quant/tensor-plan.ts';
import { interrupted, type ProxyContext } from './types.ts';

/** The scheme of each layer with weights. */
export type Assignment = ReadonlyMap<string, Scheme>;

/** Networks that run together; each holds its activations. */
const TOGETHER = 16;
const MOST_BYTES = 2 ** 28;

/**
 * Runs many versions of one network over some images. Versions that stand next to each other run together, and share the
 * layers from the input on in which they agree.
 *
 * @param see told of each version, by its index, with its logits image by image.
 * @throws {BitbudgetError} `interrupted`.
 */
export async function runVersions(
  context: Pick<ProxyContext, 'engine' | 'source' | 'onProgress' | 'cancellation' | 'pause'>,
  versions: readonly Assignment[],
  images: readonly NetworkInput[],
  message: string,
  see: (version: number, logits: readonly Float32Array[]) => void,
): Promise<void> {
  const { engine, source, onProgress, cancellation, pause } = context;
  let together = TOGETHER;
  for (let from = 0; from < versions.length; ) {
    const networks = versions.slice(from, from + together).map((schemes) => quantizeNetwork(source, schemes));
    const sessions = loadForEvaluation(engine, networks);
    try {
      const runs = new SharedRuns(sessions);
      const logits = networks.map((): Float32Array[] => []);
      for (const [i, image] of images.entries()) {
        for (const [n, output] of runs.run(image).entries()) logits[n].push(output);
        onProgress(message, (from + ((i + 1) / images.length) * networks.length) / versions.length);
        if (cancellation.aborted) throw interrupted();
        await pause();
      }
      for (const [n, own] of logits.entries()) see(from + n, own);
    } finally {
      for (const session of sessions) session.dispose();
    }
    from += networks.length;
    const bytes = Math.max(...sessions.map(({ ramBytes }) => ramBytes));
    together = Math.max(Math.min(TOGETHER, Math.floor(MOST_BYTES / bytes)), 1);
  }
}

/** One layer in one scheme. */
export interface SingleLayer {
  layer: string;
  scheme: Scheme;
}

/** Every layer in every scheme but f32, and the versions of the network in which that layer alone is quantized. */
export function oneAtATime(
  { source }: Pick<ProxyContext, 'source'>,
  schemes: readonly Scheme[],
): { real: Assignment; single: SingleLayer[]; versions: Assignment[] } {
  const real = uniformSchemes(source.folded, 'f32');
  const single = weightedLayers(source.folded).flatMap((layer) =>
    schemes.flatMap((scheme) => (scheme === 'f32' ? [] : [{ layer, scheme }])),
  );
  return { real, single, versions: single.map(({ layer, scheme }) => new Map(real).set(layer, scheme)) };
}
