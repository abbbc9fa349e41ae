import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scheme } from '../../src/quant/scheme.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

const PROBLEM = {
  format: 'mpa-1',
  name: 'two layers',
  tables: {
    loss: [
      [9, 4, 1],
      [8, 3, 1],
    ],
    latency: [
      [1, 2, 4],
      [1, 3, 5],
    ],
  },
  budgets: [
    { name: 'tight', limits: { latency: 3 }, note: 'ignored' },
    { name: 'loose', limits: { latency: 7 } },
  ],
};

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
beforeAll(() => {
  folder = temporaryFolder();
  file = folder.path('problem.json');
  writeFileSync(file, JSON.stringify(PROBLEM));
});
afterAll(() => folder.remove());

describe('solve --problem', () => {
  it('prints one proven result a budget of the file', async () => {
    const { exitCode, document } = await runJson('--quiet', 'solve', '--problem', file);
    expect(exitCode).toBe(0);
    expect(document).toEqual({
      results: [
        {
          budget: 'tight',
          limits: { latency: 3 },
          choice: [1, 0],
          metrics: { loss: 12, latency: 3 },
          optimal: true,
          lowerBound: 12,
          timeMs: expect.any(Number),
        },
        {
          budget: 'loose',
          limits: { latency: 7 },
          choice: [2, 1],
          metrics: { loss: 4, latency: 7 },
          optimal: true,
          lowerBound: 4,
          timeMs: expect.any(Number),
        },
      ],
    });
  });

  it('prints a table for people, of one budget where one is named', async () => {
    const { exitCode, stdout } = await run('solve', '--problem', file, '--budget', 'loose');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/loose +latency 7 of 7 +4 +4 +optimal/);
    expect(stdout).not.toContain('tight');
  });

  it('ends with code 3 and the smallest reachable value of each metric where a budget cannot be kept', async () => {
    const infeasible = folder.path('infeasible.json');
    writeFileSync(infeasible, JSON.stringify({ ...PROBLEM, budgets: [{ name: 'no', limits: { latency: 1 } }] }));
    const outcome = await run('--quiet', 'solve', '--problem', infeasible);
    expect(outcome.exitCode).toBe(3);
    expect(failure(outcome).message).toMatch(/^Budget no: No choice keeps .* is latency 2\.$/);
    const { exitCode, document } = await runJson('--quiet', 'solve', '--problem', infeasible);
    expect([exitCode, document.error.kind, document.error.reachable]).toEqual([3, 'infeasible', { latency: 2 }]);
  });

  it.each([
    ['no file', 'absent.json', undefined, 1, /no problem at/],
    ['a damaged file', 'damaged.json', '{"tables": {"loss": [[1', 1, /cut off/],
    ['a file of another kind', 'other.json', '{"schemaVersion": 1}', 1, /tables/],
  ])('refuses %s', async (_, name, text, code, message) => {
    if (text !== undefined) writeFileSync(folder.path(name), text);
    const outcome = await run('--quiet', 'solve', '--problem', folder.path(name));
    expect(outcome.exitCode).toBe(code);
    expect(failure(outcome).message).toMatch(message);
  });

  it('refuses a budget that the file does not have, and suggests one', async () => {
    const outcome = await run('--quiet', 'solve', '--problem', file, '--budget', 'thigt');
    expect(outcome.exitCode).toBe(2);
    expect(failure(outcome).remedy).toMatch(/tight, loose/);
  });
});

describe('search --problem', () => {
  it('minimises the loss under a budget by counted evaluations', async () => {
    const flags = ['--problem', file, '--budget', 'tight', '--evaluations', '9', '--seed', '3'];
    const { exitCode, document } = await runJson('--quiet', 'search', ...flags);
    const best = { choice: [1, 0], metrics: { loss: 12, latency: 3 } };
    expect(exitCode).toBe(0);
    expect(document).toEqual({
      evaluations: 2, // as many as keep the budget
      seed: 3,
      front: [{ ...best, feasible: true }],
      best: { tight: best },
      rejections: { 'over latency': expect.any(Number) },
      hypervolume: expect.any(Number),
    });
  });

  it('traces the front of two objectives', async () => {
    const flags = ['--problem', file, '--objectives', 'loss,latency', '--evaluations', '100'];
    const { document } = await runJson('--quiet', 'search', ...flags);
    const values = document.front.map(({ metrics }: { metrics: Record<string, number> }) => [
      metrics.latency,
      metrics.loss,
    ]);
    expect(values.toSorted((a: number[], b: number[]) => a[0] - b[0])).toEqual([
      [2, 17],
      [3, 12],
      [5, 7],
      [7, 4],
      [9, 2],
    ]);
    expect(document.best.loose.metrics.loss).toBe(4);
  });

  it('names points of what it found', async () => {
    const picks = ['best:latency=5', 'best:latency=1', 'knee', 'wish:loss=4,latency=7'];
    const flags = ['--problem', file, '--objectives', 'loss,latency', '--evaluations', '100', '--pick', ...picks];
    const { document } = await runJson('--quiet', 'search', ...flags);
    expect(document.picks).toEqual([
      { pick: picks[0], choice: [1, 1], metrics: { loss: 7, latency: 5 } },
      { pick: picks[1] },
      { pick: picks[2], choice: expect.any(Array), metrics: { loss: 7, latency: 5 } },
      { pick: picks[3], choice: [2, 1], metrics: { loss: 4, latency: 7 } },
    ]);
    const { stdout } = await run('--quiet', 'search', ...flags);
    expect(stdout).toContain('best:latency=1: no evaluated choice.');
    expect(stdout).toContain('wish:loss=4,latency=7: loss 4, latency 7.');
  });

  it('ends in time', async () => {
    const flags = ['--problem', file, '--objectives', 'loss,latency', '--time-max-s', '1e-9'];
    const { document } = await runJson('--quiet', 'search', ...flags);
    expect(document.evaluations).toBeLessThan(9);
  });

  it.each([
    [['--problem', 'FILE', '--budget', 'nosuch'], 2, /no budget "nosuch"/],
    [['--problem', 'FILE', '--pick', 'best:speed=3'], 2, /--pick best names "speed"/],
    [['--problem', 'FILE', '--pick', 'nee'], 2, /Write knee/],
    [['--problem', 'FILE', '--stagnation', '3'], 2, /--stagnation does not go with --problem/],
    [['--problem', 'FILE', '--objectives', 'loss,speed'], 2, /"speed" is no metric/],
    [['--problem', 'FILE', '--resume'], 2, /--resume does not go with --problem/],
    [['--budget', 'tight'], 2, /--budget goes with --problem/],
  ])('refuses %j', async (flags, code, message) => {
    const outcome = await run('--quiet', 'search', ...flags.map((flag) => (flag === 'FILE' ? file : flag)));
    expect(outcome.exitCode).toBe(code);
    expect(failure(outcome).message).toMatch(message);
  });
});

describe('solve --network', () => {
  let table: string;
  beforeAll(async () => {
    table = folder.path('table.json');
    writeFileSync(table, await tableOfThisDevice(['w8a8', 'w4a4', 'w2a2'], { device: { id: 'another' } }));
  });
  const solve = (...flags: string[]) =>
    runJson(
      ...['--quiet', 'solve', '--lut', table, '--schemes', 'w8a8,w4a4,w2a2', '--calibration-samples', '8'],
      ...['--out', folder.path('solved.json'), ...flags],
    );

  it('writes a candidate within its budgets that no searched one beats', async () => {
    const { exitCode, document } = await solve('--latency-budget-ms', '0.08', '--size-budget-kib', '60');
    expect(exitCode).toBe(0);
    const [{ choice, metrics, optimal, lowerBound }] = document.results;
    expect(optimal).toBe(true);
    expect(lowerBound).toBe(metrics.loss);
    expect(metrics.latencyMs).toBeLessThanOrEqual(0.08);
    expect(metrics.sizeBytes).toBeLessThanOrEqual(60 * 1024);
    const candidate = JSON.parse(readFileSync(document.candidate, 'utf8'));
    expect(candidate.genome).toEqual(choice);
    expect(candidate.predicted).toMatchObject({ sizeBytes: metrics.sizeBytes, accuracy: { value: -metrics.loss } });

    const flags = ['--schemes', 'w8a8,w4a4,w2a2', '--evaluations', '400', '--evaluate-front', '0'];
    const budgets = ['--latency-budget-ms', '0.08', '--size-budget-kib', '60', '--calibration-samples', '8'];
    const searched = await runJson(
      '--quiet',
      'search',
      '--lut',
      table,
      ...flags,
      ...budgets,
      '--out',
      folder.path('run'),
    );
    const losses = searched.document.front.map((point: { metrics: { loss: number } }) => point.metrics.loss);
    expect(metrics.loss).toBeLessThanOrEqual(Math.min(...losses) * (1 + 1e-9));
  });

  it('keeps a RAM budget too, and claims no more than that', async () => {
    const { document: free } = await solve();
    const ramKib = Math.ceil(free.results[0].metrics.ramBytes / 1024);
    const { exitCode, document } = await solve('--ram-budget-kib', String(ramKib));
    expect(exitCode).toBe(0);
    expect(document.results[0].metrics.ramBytes).toBeLessThanOrEqual(ramKib * 1024);
    expect(document.results[0].lowerBound).toBeLessThanOrEqual(document.results[0].metrics.loss);
  });

  it.each([
    ['hawq-v3', /HAWQ-V3/, ['w4a4', 'w8a8']],
    ['ompq', /OMPQ/, ['w2a8', 'w4a8', 'w8a8']],
  ])('%s allocates as published, under a size, within it, and names the paper', async (preset, paper, schemes) => {
    const own = folder.path(`${preset}.json`);
    writeFileSync(own, await tableOfThisDevice(schemes as Scheme[], { device: { id: 'another' } }));
    const flags = ['--preset', preset, '--size-budget-kib', '60', '--out', folder.path('preset.json')];
    const { exitCode, document } = await runJson('--quiet', 'solve', '--lut', own, ...flags);
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({ preset, proxy: preset, paper: expect.stringMatching(paper) });
    const [{ metrics, optimal }] = document.results;
    expect([optimal, metrics.sizeBytes <= 60 * 1024]).toEqual([true, true]);
    const { layers, predicted, quantization } = JSON.parse(readFileSync(document.candidate, 'utf8'));
    const chosen = new Set<string>(layers.map(({ scheme }: { scheme: string }) => scheme));
    expect(chosen.size).toBeGreaterThan(1);
    expect([...chosen].filter((scheme) => !schemes.includes(scheme))).toEqual([]);
    expect(predicted.accuracy.kind).toBe(`proxy:${preset}`);
    expect(quantization.samples).toBe(preset === 'ompq' ? 32 : 64);
  });

  it('takes another proxy by name, in the limits of another budget', async () => {
    const { exitCode, document } = await solve('--proxy', 'signal-noise', '--bitops-budget', '4e8');
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({ proxy: 'signal-noise' });
    expect(document.results[0].metrics.bitOps).toBeLessThanOrEqual(4e8);
  });

  it.each([
    [['--proxy', 'hawq-v4'], /^Unknown proxy "hawq-v4"\.$/, /Did you mean hawq-v3\?/],
    [['--preset', 'ompk'], /^Unknown preset "ompk"\.$/, /Did you mean ompq\?/],
    [['--preset', 'ompq', '--proxy', 'fit'], /--preset ompq ranks by ompq, and --proxy says fit\./, /Leave one/],
    [['--problem', 'x.json', '--preset', 'ompq'], /--preset does not go with --problem\./, /--budget/],
  ])('refuses %j', async (flags, message, remedy) => {
    const outcome = await run('--quiet', 'solve', ...flags);
    expect(outcome.exitCode).toBe(2);
    expect(failure(outcome).message).toMatch(message);
    expect(failure(outcome).remedy).toMatch(remedy);
  });

  it('ends with code 3 where a budget cannot be kept', async () => {
    const { exitCode, document } = await solve('--size-budget-kib', '1');
    expect([exitCode, document.error.kind]).toEqual([3, 'infeasible']);
    expect(document.error.reachable.sizeBytes).toBeGreaterThan(1024);
  });
});
