import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CliIo } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { nodeClock } from '../../src/node/clock.ts';
import { nodeFiles } from '../../src/node/files.ts';

/** The built program, for tests in which the process itself matters. */
export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What one command line left behind. */
export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line in this process, with real files and no signals. */
export async function run(...argv: string[]): Promise<Outcome> {
  const outcome = { exitCode: 0, stdout: '', stderr: '' };
  const io: CliIo = {
    stdout: { write: (text) => void (outcome.stdout += text) },
    stderr: { write: (text) => void (outcome.stderr += text) },
    files: nodeFiles,
    clock: nodeClock,
    environment: {},
    version: '0.0.0-test',
    interrupts: () => ({ aborted: false, dispose() {} }),
  };
  outcome.exitCode = await runCli(argv, io);
  return outcome;
}

/** A command line with --json: the exit code and the one document on stdout. */
export async function runJson(...argv: string[]) {
  const { exitCode, stdout } = await run(...argv, '--json');
  return { exitCode, document: JSON.parse(stdout) };
}

/** The sentence and the remedy of a failed command line; throws where stderr or stdout holds anything else. */
export function failure({ stdout, stderr }: Outcome): { message: string; remedy: string } {
  const match = /(?:^|\n)error: (.+)\n {2}(.+)\n$/.exec(stderr);
  if (!match || stdout !== '') throw new Error(`not one sentence and a remedy:\n${stdout}${stderr}`);
  return { message: match[1], remedy: match[2] };
}

/**
 * A folder of its own for a test file, also for the verdicts of the self-test, so that nothing of the user's is read or
 * written.
 */
export function temporaryFolder(): { path(name: string): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'bitbudget-cli-'));
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  return { path: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true }) };
}
