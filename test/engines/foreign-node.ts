import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SuiteResult } from '../browser/chromium.ts';

const script = fileURLToPath(new URL('../../dist/node/run-exactness.js', import.meta.url));

/**
 * Runs the exactness suite and the fixed networks in another Node.
 *
 * @param command the program and the arguments that stand before the script.
 * @param every takes every n-th case only.
 * @throws where the engine does not start or its output has no totals.
 */
export async function runInNode(command: readonly string[], every = 1): Promise<SuiteResult> {
  const [program, ...before] = command;
  const output = await promisify(execFile)(program, [...before, script, String(every)], { maxBuffer: 2 ** 26 }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => {
      if (error.stdout) return error.stdout; // exit code 1 means failures, and the output tells them
      throw error;
    },
  );
  const lines = output.trim().split('\n');
  const totals = /^(\d+) passed, (\d+) failed$/.exec(lines.pop() ?? '');
  if (!totals) throw new Error(`${program} printed no totals:\n${output}`);
  return { passed: Number(totals[1]), failures: lines };
}
