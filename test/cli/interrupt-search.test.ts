import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

/** The kernels are tested in both compiler tiers first. */
const PATIENCE_MS = 240_000;

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  writeFileSync(folder.path('table.json'), await tableOfThisDevice(['f32', 'w8a8', 'w4a4', 'w2a2']));
}, PATIENCE_MS);
afterAll(() => folder.remove());

const EVERY = ['--lut', 'TABLE', '--calibration-samples', '2', '--evaluate-front', '0', '--seed', '5'];
const SCHEMES = ['--schemes', 'f32,w8a8,w4a4,w2a2', '--latency-budget-ms', '0.1'];

/** The bytes of a run folder, by name; without the page, which carries a date. */
function bytesOf(run: string): Record<string, string> {
  const front = readdirSync(folder.path(`${run}/front`)).map((name) => `front/${name}`);
  const files = readdirSync(folder.path(run)).filter((name) => /\.(csv|json)$/.test(name));
  return Object.fromEntries(
    [...files, ...front].map((name) => [name, readFileSync(folder.path(`${run}/${name}`), 'utf8')]),
  );
}

/** Every candidate is run. */
const RUN = ['--accuracy', 'measured', '--accuracy-samples', '8', '--workers', '1'];

describe('Ctrl-C in the middle of search', { timeout: PATIENCE_MS }, () => {
  let child: ChildProcess | undefined;
  afterEach(() => void child?.kill('SIGKILL'));

  /** Starts a search in a process of its own, interrupts it while it searches, and tells how it ended. */
  async function interrupted(argv: readonly string[]): Promise<{ code: number; stderr: string }> {
    child = spawn(process.execPath, [PROGRAM, ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr!.on('data', (text) => {
      const before = /searching/.test(stderr);
      stderr += text;
      if (!before && /searching/.test(stderr)) child!.kill('SIGINT');
    });
    const [code] = await once(child, 'close');
    return { code, stderr };
  }

  /** The same program run to its end: how it ended, and what it had to say. */
  async function whole(argv: readonly string[]): Promise<[code: number, stderr: string]> {
    child = spawn(process.execPath, [PROGRAM, ...argv, '--quiet'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr!.on('data', (text) => (stderr += text));
    const [code] = await once(child, 'close');
    return [code, stderr];
  }

  it.each([
    ['guided', [...SCHEMES, '--strategy', 'guided', '--evaluations', '60'].concat(RUN)],
    ['surrogate', [...SCHEMES, '--strategy', 'surrogate', '--evaluations', '96']],
    ['evolution', [...SCHEMES, '--strategy', 'evolution', '--evaluations', '3000', '--population', '20']],
    ['running', [...SCHEMES, '--strategy', 'evolution', '--evaluations', '40', '--population', '8'].concat(RUN)],
  ])('loses nothing of a %s one: --resume gives the bytes of one that was never interrupted', async (name, flags) => {
    const common = EVERY.map((flag) => (flag === 'TABLE' ? folder.path('table.json') : flag));
    const argv = (out: string) => ['search', ...common, ...flags, '--out', folder.path(out)];
    const { code, stderr } = await interrupted(argv(name));
    expect([code, stderr]).toEqual([
      130,
      expect.stringMatching(/error: The search was interrupted\.\n {2}Go on with --resume/),
    ]);
    expect(readdirSync(folder.path(name))).toEqual(['checkpoint.json']);
    expect(await whole([...argv(name), '--resume'])).toEqual([0, '']);
    expect(await whole(argv(`${name}-whole`))).toEqual([0, '']);
    expect(bytesOf(name)).toEqual(bytesOf(`${name}-whole`));
    expect(existsSync(folder.path(`${name}/reports.csv`))).toBe(true);
  });
});
