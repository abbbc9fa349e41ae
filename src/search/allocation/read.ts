import { BitbudgetError } from '../../core/errors.ts';
import type { Files } from '../../core/ports.ts';
import { jsonFault } from '../../lut/json-fault.ts';
import type { AllocationModel } from './model.ts';
import { parseAllocation } from './parse.ts';

/**
 * Reads a problem's file.
 *
 * @throws {BitbudgetError} `input` where there is no such file, `damaged-file` where it is no problem.
 */
export async function readAllocation(files: Files, path: string): Promise<AllocationModel> {
  if (!(await files.exists(path))) {
    throw new BitbudgetError('input', `There is no problem at ${path}.`, 'Check the path.');
  }
  const text = await files.readText(path);
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    const remedy = 'The format is mpa-1: see docs/solve-or-search.md and docs/schema/problem.schema.json.';
    throw new BitbudgetError('damaged-file', `${path} is no problem. ${jsonFault(text)}`, remedy);
  }
  return parseAllocation(problem, path);
}
