import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { EvaluatedPairs } from '../accuracy/predictor/predictor.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';
import { candidateSchema } from '../quant/candidate.ts';
import { checkSpaceConfig, type SpaceConfig } from '../space/index.ts';
import { parseCsv } from '../study/index.ts';
import type { CalibrationSettings } from './calibrated-source.ts';

/** Candidates that runs evaluated truly, and what they were candidates of. */
export interface RunPairs {
  network: string;
  weightsSha256: string;
  calibration: CalibrationSettings;
  space: SpaceConfig;
  pairs: EvaluatedPairs;
}

/** How candidates were calibrated, in config.json and in a predictor's file. */
export const calibrationSchema = candidateSchema.shape.quantization.omit({ sha256: true });
const configSchema = z.looseObject({
  network: z.string().min(1),
  weightsSha256: z.string().length(64),
  calibration: calibrationSchema,
  space: z.record(z.string(), z.unknown()),
});

/** Characters of a reports.csv at most. */
const LONGEST_REPORT = 1 << 28;

/**
 * Reads the truly evaluated candidates of runs; those that several runs evaluated are taken once.
 *
 * @param reports paths of reports.csv files, each beside its config.json.
 * @throws {BitbudgetError} `input` for runs that are not there or evaluated nothing truly, `mismatch` for runs of different
 * networks, weights, calibrations or spaces, `damaged-file`.
 */
export async function readRunPairs(files: Files, reports: readonly string[]): Promise<RunPairs> {
  let first: Omit<RunPairs, 'pairs'> | undefined;
  const losses = new Map<string, number>();
  for (const path of reports) {
    const config = await readConfig(files, join(dirname(path), 'config.json'));
    first ??= config;
    const other = (['network', 'weightsSha256', 'calibration', 'space'] as const).find(
      (name) => JSON.stringify(config[name]) !== JSON.stringify(first![name]),
    );
    if (other) {
      const problem = `${path} is of another ${other === 'weightsSha256' ? 'set of weights' : other} than ${reports[0]}.`;
      throw new BitbudgetError('mismatch', problem, 'Fit a predictor to runs of one space of one network.');
    }
    for (const [encoding, loss] of await readRows(files, path)) if (!losses.has(encoding)) losses.set(encoding, loss);
  }
  if (!first || losses.size === 0) {
    const problem = `${reports.join(', ') || 'No file'} holds no candidate that was evaluated truly.`;
    throw new BitbudgetError('input', problem, 'Search with --accuracy measured.');
  }
  const genomes = [...losses.keys()].map((encoding) => encoding.split('-').map(Number));
  return { ...first, pairs: { genomes, losses: [...losses.values()] } };
}

async function readConfig(files: Files, path: string): Promise<Omit<RunPairs, 'pairs'>> {
  const remedy = 'Name the folder of a finished search.';
  if (!(await files.exists(path))) throw new BitbudgetError('input', `There is no ${path}.`, remedy);
  let json: unknown;
  try {
    json = JSON.parse(await files.readText(path));
  } catch (error) {
    if (error instanceof BitbudgetError) throw error;
    throw new BitbudgetError('damaged-file', `${path} is no JSON: ${(error as Error).message}.`, remedy);
  }
  const result = configSchema.safeParse(json);
  if (!result.success) {
    const [{ path: place, message }] = result.error.issues;
    throw new BitbudgetError('damaged-file', `${path} tells of no search: ${place.join('.')}: ${message}.`, remedy);
  }
  const { network, weightsSha256, calibration, space } = result.data;
  return { network, weightsSha256, calibration, space: checkSpaceConfig(space, path, 'damaged-file') };
}

/** Losses of the measured rows by encoding. */
async function readRows(files: Files, path: string): Promise<[string, number][]> {
  if (!(await files.exists(path))) {
    throw new BitbudgetError('input', `There is no ${path}.`, 'Name the folder of a finished search.');
  }
  const damaged = (fault: string) =>
    new BitbudgetError('damaged-file', `${path} ${fault}.`, 'Restore it, or search anew.');
  const text = await files.readText(path);
  if (text.length > LONGEST_REPORT) throw damaged(`is ${text.length} characters long`);
  const [head = [], ...rows] = parseCsv(text);
  const [encoding, accuracy, kind] = ['encoding', 'accuracy', 'accuracyKind'].map((name) => head.indexOf(name));
  if (Math.min(encoding, accuracy, kind) < 0) throw damaged('has no columns encoding, accuracy and accuracyKind');
  return rows.flatMap((row, i): [string, number][] => {
    if (row[kind] !== 'measured') return [];
    const value = Number(row[accuracy]);
    if (/^\d+(-\d+)*$/.test(row[encoding]) && row[accuracy] !== '' && value >= 0 && value <= 1)
      return [[row[encoding], 1 - value]];
    throw damaged(`has no candidate with an accuracy in row ${i + 2}`);
  });
}
