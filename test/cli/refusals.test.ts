import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seededWeights } from '../../src/network/seeded-weights.ts';
import { encodeWeights } from '../../src/network/weights-file.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
  mkdirSync(folder.path('given'));
});
afterAll(() => folder.remove());

/** Writes the file, runs the command line on it, and proves that the file is as it was and alone. */
async function refused(content: string | Uint8Array, argv: (path: string) => string[]) {
  const path = folder.path('given/file');
  writeFileSync(path, content);
  const outcome = await run('--quiet', ...argv(path));
  expect(readFileSync(path)).toEqual(Buffer.from(content));
  expect(readdirSync(folder.path('given'))).toEqual(['file']);
  const { document } = await runJson('--quiet', ...argv(path));
  return { exitCode: outcome.exitCode, ...failure(outcome), kind: document.error.kind };
}

describe('profile', () => {
  const profile = (path: string) => ['profile', '--schemes', 'w8a8', '--visits', '2', '--out', path];

  it("does not write over another device's table", async () => {
    const text = await tableOfThisDevice(['w8a8'], { device: { id: 'toaster', cores: 64 } });
    const { exitCode, kind, message, remedy } = await refused(text, profile);
    expect([exitCode, kind]).toEqual([1, 'mismatch']);
    expect(message).toMatch(/^The table was measured elsewhere: device toaster, here .*number of cores 64, here/);
    expect(remedy).toMatch(/bitbudget profile/);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, 5000), /is cut off at line/],
    ['edited by hand', (text: string) => text.replace('"scalar": 1.02', '"scalar": 1.01'), /was changed after it was/],
    ['another file', () => '# notes\n', /is no JSON/],
  ])('does not write over a table that is %s', async (_, damage, expected) => {
    const sound = await tableOfThisDevice(['w8a8']);
    const text = damage(sound);
    expect(text).not.toBe(sound);
    const { exitCode, kind, message } = await refused(text, profile);
    expect([exitCode, kind]).toEqual([1, 'damaged-file']);
    expect(message).toMatch(expected);
  });
});

describe('verify', () => {
  const verify = (path: string) => ['verify', '--random', '1', '--lut', path];

  it("refuses another device's table", async () => {
    const text = await tableOfThisDevice(['w8a8'], { device: { id: 'toaster' } });
    const { exitCode, kind, message } = await refused(text, verify);
    expect([exitCode, kind]).toEqual([1, 'mismatch']);
    expect(message).toMatch(/^The table was measured elsewhere: device toaster, here /);
  });

  it('refuses a table measured with other kernels, and names them', async () => {
    const text = await tableOfThisDevice(['w8a8'], { variantSha256: 'cd'.repeat(32) });
    const { exitCode, kind, message } = await refused(text, verify);
    expect([exitCode, kind]).toEqual([1, 'mismatch']);
    expect(message).toMatch(/^The table was measured with other kernels: ".+" \(.+\).* and \d+ more\.$/);
  });

  it('never prices a layer that the table lacks', async () => {
    const text = await tableOfThisDevice(['w8a8']);
    const { exitCode, kind, message } = await refused(text, (path) => [...verify(path), '--network', 'resnet20']);
    expect([exitCode, kind]).toEqual([1, 'missing-entry']);
    expect(message).toMatch(/conv2d\//);
  });

  it.each([
    ['a damaged candidate', '{"network":"resnet8"', 'damaged-file'],
    ['a candidate without layers', '{"network":"resnet8"}', 'damaged-file'],
  ])('refuses %s', async (_, text, kind) => {
    const answer = await refused(text, (path) => ['verify', '--candidate', path]);
    expect([answer.exitCode, answer.kind]).toEqual([1, kind]);
    expect(answer.message).toContain(folder.path('given/file'));
  });
});

describe('evaluate --weights', () => {
  const evaluate = (path: string) => ['evaluate', '--weights', path, '--samples', '4', '--workers', '1'];
  let weights: Uint8Array;

  beforeEach(() => {
    const provenance = { network: 'resnet8', command: 'made up', seed: 1, dataset: 'none', samples: 0, epochs: 0 };
    const all = { ...provenance, accuracy: 0, testSamples: 1 };
    weights = encodeWeights(seededWeights(zooNetwork('resnet8'), 1).weights, all);
  });

  it.each([
    ['cut short', () => weights.slice(0, weights.length - 1000), /do not match its own SHA-256\.$/],
    ['cut within its first bytes', () => weights.slice(0, 20), /is cut short/],
    ['altered in one bit', () => weights.map((byte, i) => (i === 5000 ? byte ^ 1 : byte)), /SHA-256/],
    ['empty', () => new Uint8Array(0), /begins with ""/],
  ])('refuses a file that is %s', async (_, damage, expected) => {
    const { exitCode, kind, message } = await refused(damage(), evaluate);
    expect([exitCode, kind]).toEqual([1, 'damaged-file']);
    expect(message).toMatch(expected);
  });

  it('refuses weights of another network', async () => {
    const { exitCode, kind, message } = await refused(weights, (path) => [...evaluate(path), '--network', 'resnet20']);
    expect([exitCode, kind]).toEqual([1, 'mismatch']);
    expect(message).toMatch(/do not fit network "resnet20"/);
  });

  it('says that there is no such file', async () => {
    const outcome = await run('--quiet', ...evaluate(folder.path('absent')));
    expect(outcome.exitCode).toBe(1);
    expect(failure(outcome).message).toContain(`${folder.path('absent')} cannot be read`);
  });

  it('takes a sound file', async () => {
    const path = folder.path('sound');
    writeFileSync(path, weights);
    const { exitCode, document } = await runJson(...evaluate(path));
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({ samples: 4, dataset: 'builtin' });
    expect(document.low).toBeLessThanOrEqual(document.top1);
    expect(document.high).toBeGreaterThanOrEqual(document.top1);
  });
});
