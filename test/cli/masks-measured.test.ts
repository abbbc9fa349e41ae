import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { summarize } from '../../src/network/summary.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { parseCsv } from '../../src/study/index.ts';
import { run, runJson, temporaryFolder } from './command-line.ts';

/** The kernels are tested in both compiler tiers first, and a busy machine is measured slowly. */
const PATIENCE_MS = 240_000;
/** PruneEA's genes, of one block. */
const SPACE = 'network: resnet8\nscheme: f32\nmasks: { only: [stage1.conv1] }\n';
const CHANNELS = 16;

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
  writeFileSync(folder.path('masks.yaml'), SPACE);
});
afterAll(() => folder.remove());

describe('masks over channels, from measuring to verifying', { timeout: PATIENCE_MS }, () => {
  it('measures every count of channels, for which masks it is does not matter', async () => {
    const out = ['--out', folder.path('table.json')];
    const { exitCode, document } = await runJson(
      ...['--quiet', 'profile', '--space', folder.path('masks.yaml'), '--visits', '2', '--patience-s', '5', ...out],
    );
    expect(exitCode).toBe(0);
    expect(document.interpolation).toMatchObject({ interpolated: 0, missing: 0 });
    expect(document.protocol.plannedEntries).toBeGreaterThanOrEqual(2 * CHANNELS); // written by one layer, read by the next
  });

  it('searches on the measured times alone, and what it finds is smaller, and runs so', async () => {
    const table = ['--lut', folder.path('table.json')];
    const few = ['--evaluations', '60', '--population', '12', '--strategy', 'evolution', '--calibration-samples', '2'];
    const { exitCode, document } = await runJson(
      ...['--quiet', 'search', '--space', folder.path('masks.yaml'), ...table, ...few, '--evaluate-front', '0'],
      ...['--macs-budget', '11500000', '--objectives', 'accuracy,latency,macs', '--out', folder.path('run')],
    );
    expect(exitCode).toBe(0);
    const whole = summarize(zooNetwork('resnet8'));
    const [columns, ...rows] = parseCsv(readFileSync(folder.path('run/reports.csv'), 'utf8'));
    expect(rows).toHaveLength(60);
    for (const row of rows) {
      const of = (column: string) => Number(row[columns.indexOf(column)]);
      const kept = row[0].split('-').filter((gene) => gene === '1').length;
      expect(row[0].split('-')).toHaveLength(CHANNELS);
      // 3×3 from 16 channels on 32×32 pixels, and 3×3 to 16 channels on as many
      expect(of('macs')).toBe(whole.macs - (CHANNELS - kept) * 9 * 32 * 32 * (16 + 16));
      expect(of('parameters')).toBe(whole.parameters - (CHANNELS - kept) * (9 * (16 + 16) + 3)); // a bias and a batch norm's two
    }
    expect(document.front.every(({ metrics }: { metrics: { macs: number } }) => metrics.macs <= 11_500_000)).toBe(true);
    expect(document.budgetUse).toMatchObject([{ budget: 'macs', limit: 11_500_000 }]);

    const candidate = ['--candidate', folder.path('run/front/000.json')];
    const verified = await runJson('--quiet', 'verify', ...candidate, ...table, '--max-error', '1e12');
    expect(verified.exitCode).toBe(0);
    const [{ predictedMs, measuredMs }] = verified.document.networks;
    expect(predictedMs).toBeCloseTo(document.front[0].metrics.latencyMs.value, 9);
    expect(measuredMs).toBeGreaterThan(0);
  });

  it('names a preset as the space, of a profile and of what is covered', async () => {
    const covered = await runJson(
      ...['lut', 'coverage', folder.path('table.json'), '--network', 'resnet8', '--space', 'prune-ea', '--strict'],
    );
    expect(covered.exitCode).toBe(4);
    expect(covered.document.commands[0]).toMatch(/^bitbudget profile --network resnet8 --space prune-ea --resume /);
    const none = await run('profile', '--network', 'ds-cnn', '--space', 'prune-ea');
    expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('no residual additions')]);
  });
});
