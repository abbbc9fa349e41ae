import { z } from 'zod';
import { canonicalJson } from '../core/canonical-json.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';
import type { DatasetSpec } from '../data/open.ts';
import type { SpaceConfigInput, SpacePoint } from '../space/index.ts';
import type { CalibrationSettings } from './calibrated-source.ts';
import type { Truth } from './proxy-check.ts';

/** All that decides the accuracy of a genome. */
export interface EvaluationConditions {
  network: string;
  weightsSha256: string;
  space: SpaceConfigInput;
  calibration: CalibrationSettings;
  dataset: DatasetSpec;
}

/** A candidate that was run: its genome and its top-1 accuracy. */
interface EvaluatedCandidate {
  genome: number[];
  top1: number;
  group?: string;
}

/** The group of candidates that were run with all layers in f32; their genomes tell of the architecture alone. */
export const FULL_PRECISION = 'full-precision' as const;

/** What is read of a file that `proxy check --out` or `predictor draw` wrote. */
const evaluatedSchema = z.looseObject({
  conditions: z.record(z.string(), z.unknown()),
  evaluated: z
    .array(
      z.looseObject({
        genome: z.array(z.int().nonnegative()).max(100_000),
        top1: z.number().min(0).max(1),
        group: z.string().max(80).optional(),
      }),
    )
    .max(1_000_000),
});

/**
 * Reads a file of evaluated candidates, and what they were evaluated under.
 *
 * @throws {BitbudgetError} `input` where there is none, `damaged-file` for what is no such file.
 */
export async function readEvaluatedFile(
  files: Files,
  path: string,
): Promise<{ conditions: Record<string, unknown>; evaluated: EvaluatedCandidate[] }> {
  const remedy = 'Name a file that `bitbudget proxy check --out` or `bitbudget predictor draw` wrote.';
  if (!(await files.exists(path))) throw new BitbudgetError('input', `There is no ${path}.`, remedy);
  let json: unknown;
  try {
    json = JSON.parse(await files.readText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BitbudgetError('damaged-file', `${path} is no JSON: ${error.message}.`, remedy);
  }
  const parsed = evaluatedSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [{ path: place, message }] = parsed.error.issues;
  const problem = `${path} is no check of proxies and no draw of candidates: ${place.join('.')}: ${message}.`;
  throw new BitbudgetError('damaged-file', problem, remedy);
}

/**
 * Accuracies of quantized candidates that were measured before, by genome; and of architectures in full precision, apart.
 *
 * @throws {BitbudgetError} as {@link readEvaluatedFile}, and `mismatch` if they were measured under other conditions.
 */
export async function readEvaluated(
  files: Files,
  path: string,
  conditions: EvaluationConditions,
): Promise<{ quantized: Map<string, number>; fullPrecision: Map<string, number> }> {
  const { conditions: there, evaluated } = await readEvaluatedFile(files, path);
  const other = Object.entries(plain(conditions)).find(([name, value]) => {
    return canonicalJson(value) !== canonicalJson(there[name] ?? null);
  });
  if (other) {
    const problem = `${path} was made with another ${other[0].replace('Sha256', '')}.`;
    throw new BitbudgetError('mismatch', problem, 'Leave --reuse out, or give the flags that it was made with.');
  }
  const losses = (whole: boolean) =>
    new Map(
      evaluated.flatMap(({ genome, top1, group }): [string, number][] =>
        (group === FULL_PRECISION) === whole ? [[genome.join('-'), 1 - top1]] : [],
      ),
    );
  return { quantized: losses(false), fullPrecision: losses(true) };
}

/** As files hold it: without what is undefined. */
function plain(conditions: EvaluationConditions): Record<string, unknown> {
  return JSON.parse(JSON.stringify(conditions));
}

/** True losses of which some are known. */
export async function reusing(
  known: ReadonlyMap<string, number>,
  designs: readonly SpacePoint[],
  run: Truth,
): Promise<number[]> {
  const keyOf = ({ genome }: SpacePoint) => genome.join('-');
  const unknown = designs.filter((design) => !known.has(keyOf(design)));
  const losses = unknown.length > 0 ? await run(unknown) : [];
  const all = new Map([...known, ...unknown.map((design, i): [string, number] => [keyOf(design), losses[i]])]);
  return designs.map((design) => all.get(keyOf(design))!);
}
