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

/** What is read of a file that `proxy check --out` wrote. */
const evaluatedSchema = z.looseObject({
  conditions: z.record(z.string(), z.unknown()),
  evaluated: z
    .array(z.looseObject({ genome: z.array(z.int().nonnegative()).max(100_000), top1: z.number().min(0).max(1) }))
    .max(1_000_000),
});

/**
 * Accuracies that an earlier check measured, by genome.
 *
 * @throws {BitbudgetError} `damaged-file` for what is no such file, `mismatch` if it was measured under other conditions.
 */
export async function readEvaluated(
  files: Files,
  path: string,
  conditions: EvaluationConditions,
): Promise<Map<string, number>> {
  const remedy = 'Name a file that `bitbudget proxy check --out` wrote.';
  let json: unknown;
  try {
    json = JSON.parse(await files.readText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new BitbudgetError('damaged-file', `${path} is no JSON: ${error.message}.`, remedy);
  }
  const parsed = evaluatedSchema.safeParse(json);
  if (!parsed.success) {
    const [{ path: place, message }] = parsed.error.issues;
    throw new BitbudgetError('damaged-file', `${path} is no check of proxies: ${place.join('.')}: ${message}.`, remedy);
  }
  const there = parsed.data.conditions;
  const other = Object.entries(plain(conditions)).find(([name, value]) => {
    return canonicalJson(value) !== canonicalJson(there[name] ?? null);
  });
  if (other) {
    const problem = `${path} was made with another ${other[0].replace('Sha256', '')}.`;
    throw new BitbudgetError('mismatch', problem, 'Leave --reuse out, or give the flags that it was made with.');
  }
  return new Map(parsed.data.evaluated.map(({ genome, top1 }) => [genome.join('-'), 1 - top1]));
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
