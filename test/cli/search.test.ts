import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

const SCHEMES = 'w8a8,w4a4,w2a2';

let folder: ReturnType<typeof temporaryFolder>;
let table: string;
beforeAll(async () => {
  folder = temporaryFolder();
  table = folder.path('table.json');
  writeFileSync(table, await tableOfThisDevice(['w8a8', 'w4a4', 'w2a2'], { device: { id: 'another' } }));
});
afterAll(() => folder.remove());

function search(out: string, ...flags: string[]): string[] {
  const given = ['--lut', table, '--schemes', SCHEMES, '--evaluations', '300', '--out', folder.path(out)];
  return ['--quiet', 'search', ...given, '--evaluate-front', '0', '--calibration-samples', '8', ...flags];
}

describe('search with a budget that no candidate keeps', () => {
  it.each([
    [
      '--latency-budget-ms',
      '0.00001',
      'latencyMs',
      /^No candidate keeps a budget of 0\.0001 ms: .* is (\d+\.\d+) ms\.$/,
    ],
    ['--size-budget-kib', '1', 'sizeBytes', /: the smallest reachable value is (\d+\.\d+) KiB of weights\.$/],
    ['--ram-budget-kib', '1', 'ramBytes', /: the smallest reachable value is (\d+\.\d+) KiB of RAM\.$/],
    ['--bitops-budget', '1000', 'bitOps', /: the smallest reachable value is (\d+) bit operations\.$/],
  ])('%s %s ends with code 3, names the minimum, and starts no run', async (flag, limit, metric, sentence) => {
    const outcome = await run(...search('infeasible', flag, limit));
    expect(outcome.exitCode).toBe(3);
    const { message, remedy } = failure(outcome);
    expect(message).toMatch(sentence);
    const [, smallest] = sentence.exec(message)!;
    expect(remedy).toContain(`Raise the budget to at least ${smallest}`);

    const { exitCode, document } = await runJson(...search('infeasible', flag, limit));
    expect(exitCode).toBe(3);
    expect(document.error).toEqual({
      kind: 'infeasible',
      message,
      remedy,
      reachable: { [metric]: expect.any(Number) },
    });
    expect(existsSync(folder.path('infeasible'))).toBe(false);
  });

  it('finds candidates at the very minimum that the refusal names', async () => {
    const { document } = await runJson(...search('infeasible', '--latency-budget-ms', '0.00001'));
    const { latencyMs } = document.error.reachable;
    const { exitCode, document: found } = await runJson(...search('minimum', '--latency-budget-ms', String(latencyMs)));
    expect(exitCode).toBe(0);
    expect(found.front[0].metrics.latencyMs.value).toBeCloseTo(latencyMs, 9);
  });
});

describe('search', () => {
  it.each([
    ['evolution', 300],
    ['guided', 37], // as many as prove that the proxy adds up, and hold its whole front
  ])('by %s writes the same bytes again for the same seed and table, and nothing half-written', async (how, count) => {
    const flags = ['--latency-budget-ms', '0.08', '--strategy', how];
    const { exitCode, document } = await runJson(...search('first', ...flags));
    expect(exitCode).toBe(0);
    expect(document.evaluations).toBe(count);
    const study = JSON.parse(readFileSync(folder.path('first/study.json'), 'utf8'));
    expect(study).toMatchObject({ strategy: how, evaluations: count, rejections: document.rejections });
    expect(study.rejections['over latencyMs']).toBeGreaterThan(0);
    expect(readFileSync(folder.path('first/report.html'), 'utf8')).toMatch(
      /before they were evaluated: \d+ over latencyMs/,
    );
    for (const { metrics, feasible } of document.front) {
      expect(feasible).toBe(true);
      expect(metrics.latencyMs.value).toBeLessThanOrEqual(0.08);
    }
    await run(...search('second', ...flags));
    for (const name of ['reports.csv', 'pareto_front.csv', 'front/000.json']) {
      const bytes = (run: string) => readFileSync(folder.path(join(run, name)), 'utf8');
      expect(bytes('second')).toBe(bytes('first'));
    }
    const written = readdirSync(folder.path('first'), { recursive: true }) as string[];
    expect(written.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(written).toEqual(expect.arrayContaining(['config.json', 'reports.csv', 'pareto_front.csv', 'front']));
  });

  it.each([
    [['--objectives', 'accuracy,speed'], /^"speed" cannot be an objective here\.$/, /latency/],
    [['--proxy', 'output-nois'], /^Unknown proxy "output-nois"\.$/, /^Did you mean output-noise\?/],
    [['--architecture-proxy', 'sinflow'], /^Unknown architecture proxy "sinflow"\.$/, /^Did you mean synflow\?/],
    [['--latency-budget-ms', '-1'], /'-1' is invalid\. Give a number above 0\.$/, /--help/],
    [['--latency-budget', '1'], /^Unknown option '--latency-budget'\.$/, /--latency-budget-ms/],
    [['--population', '2'], /whole number from 4 to 10000/, /--help/],
  ])('refuses %j with code 2', async (flags, message, remedy) => {
    const outcome = await run(...search('refused', ...flags));
    expect(outcome.exitCode).toBe(2);
    const told = failure(outcome);
    expect(told.message).toMatch(message);
    expect(told.remedy).toMatch(remedy);
    expect(existsSync(folder.path('refused'))).toBe(false);
  });

  it.each([
    ['of another network', ['--network', 'resnet20'], 'missing-entry'],
    ['without a scheme that is asked for', ['--schemes', 'w8a8,w3a3'], 'missing-entry'],
  ])('refuses a table %s', async (_, flags, kind) => {
    const { exitCode, document } = await runJson(...search('refused', ...flags));
    expect([exitCode, document.error.kind]).toEqual([1, kind]);
    expect(document.error.remedy).toMatch(/bitbudget profile/);
    expect(existsSync(folder.path('refused'))).toBe(false);
  });

  it('ranks by another proxy when it is asked to, gradients included, and says so in all that it writes', async () => {
    const { exitCode, document } = await runJson(...search('fit', '--proxy', 'fit', '--evaluations', '40'));
    expect(exitCode).toBe(0);
    expect(JSON.parse(readFileSync(folder.path('fit/config.json'), 'utf8')).proxy).toBe('fit');
    expect(readFileSync(folder.path('fit/reports.csv'), 'utf8')).toMatch(/,proxy:fit,/);
    expect(readFileSync(folder.path('fit/report.html'), 'utf8')).toContain('fit');
    const losses = document.front.map(({ metrics }: { metrics: { loss: number } }) => metrics.loss);
    expect(losses.every((loss: number) => loss > 0)).toBe(true);
  });

  it('ends early when it is asked to, tells why, and names points of its front', async () => {
    const flags = ['--target', 'latency=1000', '--pick', 'knee', 'best:latency=0.000001'];
    const { exitCode, document } = await runJson(...search('early', ...flags));
    expect(exitCode).toBe(0);
    expect([document.generations, document.stopped]).toEqual([1, 'target']);
    const [knee, none] = document.picks;
    expect(JSON.parse(readFileSync(folder.path(join('early', knee.file)), 'utf8')).genome).toEqual(knee.genome);
    expect(none).toEqual({ pick: 'best:latency=0.000001' });
    const rows = readFileSync(folder.path('early/generations.csv'), 'utf8').trim().split('\n');
    expect(rows).toHaveLength(2);
    const outcome = await run(...search('early', '--target', 'size=3'));
    expect(outcome.exitCode).toBe(2);
    expect(failure(outcome).message).toMatch(/--target names "size"/);
  });

  it('refuses a damaged table and leaves it as it is', async () => {
    const damaged = folder.path('damaged.json');
    const text = readFileSync(table, 'utf8').slice(0, 3000);
    writeFileSync(damaged, text);
    const { exitCode, document } = await runJson(...search('refused', '--lut', damaged));
    expect([exitCode, document.error.kind]).toEqual([1, 'damaged-file']);
    expect(readFileSync(damaged, 'utf8')).toBe(text);
  });
});

describe('report', () => {
  it('says that there is no such run', async () => {
    const outcome = await run('report', folder.path('absent'));
    expect(outcome.exitCode).toBe(1);
    expect(failure(outcome).message).toContain(folder.path('absent'));
  });
});
