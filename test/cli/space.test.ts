import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSpaceConfig } from '../../src/space/index.ts';
import { parseCsv } from '../../src/study/index.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfSpace } from './this-device.ts';

const JOINT = `
network: resnet8
bits: { schemes: [w2a4, w4a4, w8a8], per: block }
keep: { ratios: [0.5, 1] }
drop: { blocks: [0, 1] }
`;

/** The kernels are tested in both compiler tiers first. */
const PATIENCE_MS = 240_000;

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  writeFileSync(folder.path('joint.yaml'), JOINT);
  writeFileSync(folder.path('joint.json'), await tableOfSpace(parseSpaceConfig(JOINT, 'joint.yaml')));
}, PATIENCE_MS);
afterAll(() => folder.remove());

function search(out: string, ...flags: string[]): string[] {
  const given = ['--space', folder.path('joint.yaml'), '--lut', folder.path('joint.json'), '--out', folder.path(out)];
  return ['--quiet', 'search', ...given, '--calibration-samples', '2', ...flags];
}

describe('search --space', { timeout: PATIENCE_MS }, () => {
  it('searches bits, channels and depth together, within budgets, and reports smaller networks', async () => {
    const budgets = ['--latency-budget-ms', '0.2', '--size-budget-kib', '24'];
    const { exitCode, document } = await runJson(
      ...search('joint', ...budgets, '--evaluations', '120', '--evaluate-front', '2', '--samples', '20'),
    );
    expect([exitCode, document.evaluations]).toEqual([0, 120]);
    for (const { metrics } of document.front) {
      expect(metrics.latencyMs.value).toBeLessThanOrEqual(0.2);
      expect(metrics.sizeBytes).toBeLessThanOrEqual(24 * 1024);
    }
    const [columns, ...rows] = parseCsv(readFileSync(folder.path('joint/reports.csv'), 'utf8'));
    const macs = rows.map((row) => Number(row[columns.indexOf('macs')]));
    expect(new Set(macs).size).toBeGreaterThan(10);
    const page = readFileSync(folder.path('joint/report.html'), 'utf8');
    expect(page).toMatch(/<small>\d+ ch<\/small>/);
    expect(page).toContain('A dash stands for a layer that the candidate lacks.');
    expect((await run('report', folder.path('joint'))).exitCode).toBe(0);
  });

  it('names the space where the table lacks what it needs', async () => {
    writeFileSync(folder.path('wider.yaml'), JOINT.replace('[0.5, 1]', '[0.25, 1]'));
    const [quiet, command, ...flags] = search('refused');
    const outcome = await run(quiet, command, ...flags.with(1, folder.path('wider.yaml')));
    expect(outcome.exitCode).toBe(1);
    expect(failure(outcome).remedy).toContain(`--space ${folder.path('wider.yaml')}`);
  });
});
