import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { summarize } from '../../src/network/summary.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { PRUNE_EA, parseCsv, QUANT_EA } from '../../src/study/index.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfSpace, tableOfThisDevice } from './this-device.ts';

/** The kernels are tested in both compiler tiers first. */
const PATIENCE_MS = 240_000;

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  for (const preset of [QUANT_EA, PRUNE_EA]) {
    writeFileSync(folder.path(`${preset.name}.json`), await tableOfSpace(preset.space(zooNetwork('resnet8'))));
  }
}, PATIENCE_MS);
afterAll(() => folder.remove());

function search(preset: string, out: string, ...flags: string[]): string[] {
  const given = ['--preset', preset, '--network', 'resnet8', '--lut', folder.path(`${preset}.json`)];
  const small = ['--calibration-samples', '2', '--evaluate-front', '0', '--out', folder.path(out)];
  return ['--quiet', 'search', ...given, ...small, ...flags];
}

function rowsOf(path: string): Record<string, string>[] {
  const [columns, ...rows] = parseCsv(readFileSync(folder.path(path), 'utf8'));
  return rows.map((row) => Object.fromEntries(row.map((field, i) => [columns[i], field])));
}

describe('search --preset quant-ea', { timeout: PATIENCE_MS }, () => {
  it('takes the published numbers where no flag says otherwise, and writes the published columns', async () => {
    const { exitCode, document } = await runJson(...search('quant-ea', 'quant', '--evaluations', '48'));
    expect([exitCode, document.evaluations]).toEqual([0, 48]);
    const output = rowsOf('quant/output.csv');
    expect(Object.keys(output[0])).toEqual(['encoding', 'flops', 'parameters', 'accuracy']);
    expect(output).toHaveLength(document.front.length);
    const config = JSON.parse(readFileSync(folder.path('quant/config.json'), 'utf8'));
    expect(config).toMatchObject({ population: 16, evaluations: 48, algorithm: 'nsga3' });
    expect(config.objectives).toEqual(['accuracy', 'flops', 'weightedParameters']);
  });

  it('measures the accuracy of every candidate where asked to, and takes a budget besides', async () => {
    const measured = ['--accuracy', 'measured', '--accuracy-samples', '40', '--evaluations', '36'];
    const { exitCode } = await runJson(
      ...search('quant-ea', 'measured', ...measured, '--workers', '1', '--size-budget-kib', '40'),
    );
    expect(exitCode).toBe(0);
    const rows = rowsOf('measured/reports.csv');
    expect(rows).toHaveLength(36);
    for (const { accuracy, accuracyKind, sizeBytes } of rows) {
      expect(accuracyKind).toBe('measured');
      expect(Number(accuracy) * 40).toBeCloseTo(Math.round(Number(accuracy) * 40), 9); // whole images
      expect(Number(sizeBytes)).toBeLessThanOrEqual(40 * 1024);
    }
    expect(new Set(rows.map(({ accuracy }) => accuracy)).size).toBeGreaterThan(3);
  });

  it.each([
    [['--space', 'x.yaml'], 'Both --preset and --space'],
    [['--network', 'resnet20-a', '--accuracy', 'measured'], 'no trained weights'],
  ])('refuses %j', async (flags, message) => {
    const outcome = await run(...search('quant-ea', 'refused', ...flags));
    expect(outcome.exitCode).toBe(2);
    expect(failure(outcome).message).toContain(message);
    expect(existsSync(folder.path('refused'))).toBe(false);
  });

  it('names the preset where the table lacks what it needs', async () => {
    writeFileSync(folder.path('poor.json'), await tableOfThisDevice(['w8a8']));
    const [quiet, command, ...flags] = search('quant-ea', 'refused');
    const outcome = await run(quiet, command, ...flags.with(flags.indexOf('--lut') + 1, folder.path('poor.json')));
    expect(outcome.exitCode).toBe(1);
    expect(failure(outcome).remedy).toMatch(/bitbudget profile --network resnet8 --space quant-ea .*--interpolate/);
  });
});

describe('search --preset prune-ea', { timeout: PATIENCE_MS }, () => {
  it('finds networks that are smaller when they run, which evaluate and verify run', async () => {
    const budget = ['--macs-budget', '6000000', '--evaluations', '40'];
    const { exitCode, document } = await runJson(...search('prune-ea', 'prune', ...budget));
    expect(exitCode).toBe(0);
    const [{ flops, parameters }] = rowsOf('prune/output.csv');
    const [{ macs, ramBytes, sizeBytes }] = document.front.map(({ metrics }: { metrics: object }) => metrics);
    expect([Number(flops), macs <= 6_000_000]).toEqual([macs, true]);
    expect(sizeBytes).toBeLessThan(4 * Number(parameters)); // folding leaves a bias of batch norm
    expect(Number(parameters)).toBeLessThan(summarize(zooNetwork('resnet8')).parameters);
    expect(ramBytes).toBeGreaterThan(0);
    expect(readFileSync(folder.path('prune/report.html'), 'utf8')).toMatch(/<small>\d+ ch<\/small>/);

    const candidate = folder.path('prune/front/000.json');
    const evaluated = await runJson('evaluate', '--candidate', candidate, '--samples', '10', '--workers', '1');
    expect([evaluated.exitCode, evaluated.document.samples]).toEqual([0, 10]);
    const table = ['--lut', folder.path('prune-ea.json'), '--max-error', '1e12'];
    const verified = await runJson('--quiet', 'verify', '--candidate', candidate, ...table);
    expect(verified.exitCode).toBe(0);
    const [network] = verified.document.networks;
    expect(network.predictedMs).toBeCloseTo(document.front[0].metrics.latencyMs.value, 9);
    expect(network.measuredMs).toBeGreaterThan(0);
  });
});
