import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  for (const threads of [1, 2])
    writeFileSync(folder.path(`t${threads}.json`), await tableOfThisDevice(['w8a8', 'w4a4'], { threads }));
});
afterAll(() => folder.remove());

/** Longer than on a machine of its own: the kernels are tested first. */
const TIMEOUT_MS = 300_000;

async function refusal(measured: number, ...argv: string[]) {
  const path = folder.path(`t${measured}.json`);
  const before = readFileSync(path);
  const outcome = await run('--quiet', ...argv.map((word) => (word === 'TABLE' ? path : word)));
  expect(outcome.exitCode).toBe(1);
  expect(readFileSync(path)).toEqual(before);
  return failure(outcome);
}

describe('a table of one thread', () => {
  it.each([
    ['verify', ['verify', '--random', '1', '--lut', 'TABLE']],
    ['solve', ['solve', '--schemes', 'w8a8,w4a4', '--lut', 'TABLE', '--latency-budget-ms', '1', '--out', 'never']],
    ['search', ['search', '--schemes', 'w8a8,w4a4', '--lut', 'TABLE', '--out', 'never']],
  ])('does not answer for two in `%s`, nor the other way round', async (_, argv) => {
    expect(await refusal(1, ...argv, '--threads', '2')).toEqual({
      message: 'The table was measured with 1 thread, not with 2.',
      remedy: 'Pass `--threads 1` to use it, or measure another with `bitbudget profile --threads 2`.',
    });
    expect(await refusal(2, ...argv)).toEqual({
      message: 'The table was measured with 2 threads, not with 1.',
      remedy: 'Pass `--threads 2` to use it, or measure another with `bitbudget profile --threads 1`.',
    });
    expect(existsSync('never')).toBe(false);
  });

  it('takes no entries of two', { timeout: TIMEOUT_MS }, async () => {
    const profile = ['profile', '--schemes', 'w8a8', '--visits', '2', '--out', 'TABLE'];
    expect(await refusal(1, ...profile, '--threads', '2')).toEqual({
      message: 'The table was measured with 1 thread, not with 2.',
      remedy: 'Name another file with `--out`, or pass `--threads 1` to add to this one.',
    });
  });

  it('says its number in `lut show`', async () => {
    for (const [threads, text] of [
      [1, ', 1 thread;'],
      [2, ', 2 threads;'],
    ] as const) {
      expect((await run('lut', 'show', folder.path(`t${threads}.json`))).stdout).toContain(text);
    }
  });
});

describe('--threads', () => {
  it.each(['0', '1.5', 'two', '65'])('refuses %s', async (threads) => {
    const outcome = await run('--quiet', 'verify', '--random', '1', '--threads', threads);
    expect(outcome.exitCode).toBe(2);
    expect(failure(outcome).message).toContain('--threads');
  });

  it('tests the kernels with as many threads in `doctor`', { timeout: TIMEOUT_MS }, async () => {
    const { exitCode, document } = await runJson('--quiet', 'doctor', '--threads', '2');
    expect(exitCode).toBe(0);
    const statuses = new Set(document.variants.map(({ status }: { status: string }) => status));
    expect(statuses).toContain('ok');
    expect(statuses).not.toContain('disabled');
  });

  it('measures a table that says so, and predicts with it', { timeout: TIMEOUT_MS }, async () => {
    const path = folder.path('measured.json');
    const threads = ['--threads', '2'];
    const few = ['--network', 'resnet8', '--schemes', 'w8a8', '--visits', '2', '--energy', 'off', '--time-max-s', '30'];
    const { exitCode } = await runJson('--quiet', 'profile', ...few, ...threads, '--out', path);
    expect(exitCode).toBe(0);
    const table = JSON.parse(readFileSync(path, 'utf8'));
    expect(table.threads).toBe(2);
    // how well it predicts on a machine that runs other tests is not the question here
    const verified = await runJson(
      '--quiet',
      'verify',
      ...threads,
      '--lut',
      path,
      '--random',
      '1',
      '--max-error',
      '99',
    );
    expect(verified.document.networks[0].measuredMs).toBeGreaterThan(0);
    const { exitCode: refused, document } = await runJson('--quiet', 'verify', '--lut', path, '--random', '1');
    expect([refused, document.error.kind]).toEqual([1, 'mismatch']);
  });
});
