import { z } from 'zod';
import type { EvaluatedPairs } from '../accuracy/predictor/predictor.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';
import { checkSpaceConfig } from '../space/index.ts';
import { FULL_PRECISION, readEvaluatedFile } from './evaluated-file.ts';
import { calibrationSchema, type RunPairs } from './predictor-runs.ts';

const conditionsSchema = z.looseObject({
  network: z.string().min(1),
  weightsSha256: z.string().length(64),
  calibration: calibrationSchema,
  space: z.record(z.string(), z.unknown()),
  dataset: z.record(z.string(), z.unknown()),
});

/** Evaluated candidates of a network, those in full precision apart. */
export interface DrawnPairs extends RunPairs {
  /** Genomes of the same space of which the architecture genes alone count; absent where there are none. */
  fullPrecision?: EvaluatedPairs;
}

/**
 * Reads the candidates that `predictor draw` or `proxy check --out` ran; those in several files are taken once.
 *
 * @throws {BitbudgetError} `input` where there is no file or no quantized candidate, `mismatch` for files of different
 * networks, weights, calibrations, spaces or images, `damaged-file`.
 */
export async function readDrawnPairs(files: Files, paths: readonly string[]): Promise<DrawnPairs> {
  let first: z.infer<typeof conditionsSchema> | undefined;
  const groups = { quantized: new Map<string, number>(), fullPrecision: new Map<string, number>() };
  for (const path of paths) {
    const { conditions, evaluated } = await readEvaluatedFile(files, path);
    const own = parseConditions(conditions, path);
    first ??= own;
    const other = (['network', 'weightsSha256', 'calibration', 'space', 'dataset'] as const).find(
      (name) => canonicalJson(own[name]) !== canonicalJson(first![name]),
    );
    if (other) {
      const problem = `${path} was made with another ${other.replace('Sha256', '')} than ${paths[0]}.`;
      throw new BitbudgetError('mismatch', problem, 'Fit a predictor to candidates of one space of one network.');
    }
    for (const { group, genome, top1 } of evaluated) {
      const losses = group === FULL_PRECISION ? groups.fullPrecision : groups.quantized;
      const key = genome.join('-');
      if (!losses.has(key)) losses.set(key, 1 - top1);
    }
  }
  if (!first || groups.quantized.size === 0) {
    const problem = `${paths.join(', ') || 'No file'} holds no quantized candidate.`;
    throw new BitbudgetError('input', problem, 'Run some by `bitbudget predictor draw`.');
  }
  const { network, weightsSha256, calibration, space } = first;
  return {
    ...{ network, weightsSha256, calibration },
    space: checkSpaceConfig(space, paths[0], 'damaged-file'),
    pairs: pairsOf(groups.quantized),
    ...(groups.fullPrecision.size > 0 && { fullPrecision: pairsOf(groups.fullPrecision) }),
  };
}

function parseConditions(conditions: Record<string, unknown>, path: string) {
  const result = conditionsSchema.safeParse(conditions);
  if (result.success) return result.data;
  const [{ path: place, message }] = result.error.issues;
  const problem = `${path} does not say how its candidates were run: ${place.join('.')}: ${message}.`;
  throw new BitbudgetError('damaged-file', problem, 'Make it anew with `bitbudget predictor draw`.');
}

function pairsOf(losses: ReadonlyMap<string, number>): EvaluatedPairs {
  const genomes = [...losses.keys()].map((key) => key.split('-').map(Number));
  return { genomes, losses: [...losses.values()] };
}
