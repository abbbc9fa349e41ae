import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeFiles } from '../../src/node/files.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

const quick = ['profile', '--network', 'resnet8', '--schemes', 'w8a8', '--quiet'];

describe('a profile that cannot be trusted', () => {
  it('exits with 4 under --strict, and the table says why', async () => {
    const out = folder.path('few.json');
    // two samples of an entry prove nothing
    const outcome = await run(...quick, '--visits', '2', '--strict', '--energy', 'off', '--out', out);
    expect(outcome.exitCode).toBe(4);
    const { message, remedy } = failure(outcome);
    expect(message).toMatch(/^\d+ of \d+ entries of .* are not stable/);
    expect(remedy).toContain('--resume --strict');
    const { entries } = JSON.parse(await nodeFiles.readText(out));
    expect(entries.some(({ trust }: { trust: string }) => trust !== 'stable')).toBe(true);
  });
});

describe('the meter', () => {
  it('is refused by a name that no meter has, before anything is measured', async () => {
    const outcome = await run(...quick, '--energy', 'ammeter', '--out', folder.path('never.json'));
    expect(outcome.exitCode).toBe(2);
    expect(failure(outcome).message).toContain('no meter "ammeter"');
    expect(await nodeFiles.exists(folder.path('never.json'))).toBe(false);
  });

  it('is listed by doctor with its kind, or with what keeps it from being used', async () => {
    const { exitCode, document } = await runJson('doctor');
    expect(exitCode).toBe(0);
    expect(Array.isArray(document.meters)).toBe(true);
    for (const meter of document.meters) {
      expect(meter).toMatchObject({ id: expect.any(String), source: expect.any(String) });
      expect(['ok', 'unusable']).toContain(meter.status);
      if (meter.status === 'unusable') expect(meter.reason).toMatch(/\w/);
    }
  });
});
