import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckedProxy } from '../../src/study/proxy-check/report.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

const SCHEMES = ['--schemes', 'w8a8,w4a4,w2a2', '--calibration-samples', '4'];
const SMALL = ['--candidates', '10', '--at-budget', '6', '--samples', '16', '--workers', '1'];
const CHECK = ['--quiet', 'proxy', 'check', ...SCHEMES, ...SMALL];

let folder: ReturnType<typeof temporaryFolder>;
let table: string;
beforeAll(async () => {
  folder = temporaryFolder();
  table = folder.path('table.json');
  writeFileSync(table, await tableOfThisDevice(['f32', 'w8a8', 'w4a4', 'w2a2']));
});
afterAll(() => folder.remove());

describe('proxy check', () => {
  it('ranks proxies beside the baselines by candidates that it runs, and runs none twice', async () => {
    const out = folder.path('check.json');
    const asked = ['--proxies', 'output-noise,sensitivity-kl'];
    const { exitCode, document } = await runJson(...CHECK, ...asked, '--fixed', 'bitops', '--out', out);
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({ network: 'resnet8', candidates: 10, samples: 16, seed: 1, skipped: [] });
    expect(document.fixedBudget).toMatchObject({ metric: 'bitOps', candidates: 6, tolerance: 0.02 });
    const proxies: CheckedProxy[] = document.proxies;
    const names = proxies.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['output-noise', 'sensitivity-kl', 'size', 'bit-ops']));
    for (const { spearman, low, high, kendall, topFifth, atFixedBudget, kind } of proxies) {
      expect(low!).toBeLessThanOrEqual(spearman!);
      expect(high!).toBeGreaterThanOrEqual(spearman!);
      expect(Math.abs(kendall!)).toBeLessThanOrEqual(1);
      expect([topFifth.candidates, atFixedBudget!.candidates]).toEqual([2, 6]);
      if (kind === 'bits') expect(spearman).toBeGreaterThan(0.3);
    }
    const { evaluated } = JSON.parse(readFileSync(out, 'utf8'));
    expect(evaluated).toHaveLength(16);
    expect(Object.keys(evaluated[0].losses).sort()).toEqual([...names].sort());

    // what the file tells is taken from there: a changed accuracy is found again, and another proxy gives the same truth
    const told = JSON.parse(readFileSync(out, 'utf8'));
    for (const candidate of told.evaluated) candidate.top1 = 1 / (1 + candidate.losses['sensitivity-kl']);
    writeFileSync(out, JSON.stringify(told));
    const again = await runJson(...CHECK, '--proxies', 'sensitivity-kl', '--fixed', 'bitops', '--reuse', out);
    const planted = again.document.proxies.find(({ name }: CheckedProxy) => name === 'sensitivity-kl');
    expect(planted.spearman).toBeCloseTo(1, 12);
    expect(planted.evaluationsSaved).toBeCloseTo(2, 6);

    const other = await run(...CHECK, '--calibration', 'minmax', '--fixed', 'bitops', '--reuse', out);
    expect(other.exitCode).toBe(1);
    expect(failure(other).message).toContain('another calibration');
    writeFileSync(out, '{"evaluated": 3}');
    expect(failure(await run(...CHECK, '--reuse', out)).message).toContain('is no check of proxies');
  }, 120_000);

  it('asks architecture proxies of a space that makes the network smaller', async () => {
    const space = folder.path('space.yaml');
    writeFileSync(space, 'network: resnet8\nscheme: w8a8\nkeep: { ratios: [0.25, 0.5, 0.75, 1] }\n');
    const few = ['--candidates', '6', '--at-budget', '0', '--samples', '10', '--calibration-samples', '4'];
    const asked = ['--proxies', 'reduction-noise', '--workers', '1'];
    const { exitCode, document } = await runJson('--quiet', 'proxy', 'check', '--space', space, ...few, ...asked);
    expect(exitCode).toBe(0);
    const names = document.proxies.map(({ name }: CheckedProxy) => name);
    expect(names).toEqual(['reduction-noise', ...names.slice(1)]);
    expect(names).toContain('macs');
    expect(document.proxies[0].atFixedBudget).toBeNull();
  }, 120_000);

  it('refuses what it cannot do before anything is run', async () => {
    expect(failure(await run(...CHECK, '--proxies', 'output-nois')).remedy).toContain('output-noise');
    expect(failure(await run(...CHECK, '--proxies', 'reduction-noise')).message).toContain('no proxy for this space');
    expect(failure(await run(...CHECK, '--fixed', 'latency')).message).toContain('without a table');
    const two = await run(...CHECK, '--size-budget-kib', '40', '--bitops-budget', '1e9');
    expect([two.exitCode, failure(two).message]).toEqual([2, 'Candidates can be held at one cost alone.']);
    const untrained = await run(...CHECK, '--network', 'resnet56');
    expect(failure(untrained).message).toContain('no trained weights');
  });
});

describe('proxy table', () => {
  it('writes a problem that solve proves, of the same optimum as solving the network', async () => {
    const problem = folder.path('problem.json');
    const flags = ['--lut', table, '--schemes', 'w8a8,w4a4,w2a2', '--calibration-samples', '4'];
    const made = await runJson('--quiet', 'proxy', 'table', ...flags, '--out', problem);
    expect(made.exitCode).toBe(0);
    expect(made.document.metrics).toEqual(expect.arrayContaining(['loss', 'latencyMs', 'sizeBytes', 'bitOps']));
    const solved = await runJson('--quiet', 'solve', '--problem', problem, '--budget', 'sizeBytes_50');
    const [{ optimal, metrics, limits }] = solved.document.results;
    expect(optimal).toBe(true);
    expect(metrics.sizeBytes).toBeLessThanOrEqual(limits.sizeBytes);
    const kib = String(limits.sizeBytes / 1024);
    const candidate = folder.path('solved.json');
    const direct = await runJson(...['--quiet', 'solve', ...flags, '--size-budget-kib', kib, '--out', candidate]);
    expect(direct.document.results[0].metrics.loss).toBeCloseTo(metrics.loss, 9);
  }, 120_000);

  it('leaves out a latency that is no sum, and says how to get it', async () => {
    const problem = folder.path('real.json');
    const flags = ['--lut', table, '--schemes', 'f32,w8a8', '--calibration-samples', '2', '--out', problem];
    const { exitCode, stdout } = await run('--quiet', 'proxy', 'table', ...flags);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('is no sum over the layers');
    expect(stdout).toContain('Leaving f32 out');
    expect(existsSync(problem)).toBe(true);
    expect(Object.keys(JSON.parse(readFileSync(problem, 'utf8')).tables)).toContain('sizeBytes');
  }, 120_000);
});
