import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/study/index.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  const schemes = ['f32', 'w8a8', 'w4a4', 'w2a2'] as const;
  for (const [id, slowness] of [
    ['phone', 1],
    ['board', 3],
  ] as const) {
    writeFileSync(folder.path(`${id}.json`), await tableOfThisDevice(schemes, { device: { id }, slowness }));
  }
});
afterAll(() => folder.remove());

function search(out: string, devices: readonly string[], ...flags: string[]): string[] {
  const given = ['--lut', ...devices.map((id) => folder.path(`${id}.json`)), '--out', folder.path(out)];
  const small = ['--schemes', 'w8a8,w4a4,w2a2', '--evaluations', '300', '--evaluate-front', '0'];
  return ['--quiet', 'search', ...given, ...small, '--calibration-samples', '2', ...flags];
}

function rowsOf(path: string): Record<string, string>[] {
  const [columns, ...rows] = parseCsv(readFileSync(folder.path(path), 'utf8'));
  return rows.map((row) => Object.fromEntries(row.map((field, i) => [columns[i], field])));
}

/** All six, each of them tight enough to turn candidates away. */
const SIX = [
  ...['--latency-budget-ms', '0.08', '--energy-budget-mj', '0.64', '--size-budget-kib', '50'],
  ...['--ram-budget-kib', '48.2', '--macs-budget', '13000000', '--bitops-budget', '400000000'],
];
const LIMITS: Record<string, number> = {
  ...{ latencyMs: 0.08, energyMj: 0.64, sizeBytes: 50 * 1024, ramBytes: 48.2 * 1024, macs: 13e6, bitOps: 4e8 },
};

describe('search under several budgets', { timeout: 120_000 }, () => {
  it.each(['guided', 'evolution'])('keeps six at once, and counts what broke any: %s', async (how) => {
    const { exitCode, stdout } = await run(...search(how, ['phone'], ...SIX, '--strategy', how));
    expect(exitCode).toBe(0);
    const study = JSON.parse(readFileSync(folder.path(`${how}/study.json`), 'utf8'));
    const rows = rowsOf(`${how}/reports.csv`);
    expect(rows).toHaveLength(study.evaluations);
    for (const row of rows) {
      expect(row.feasible).toBe('true');
      for (const [name, limit] of Object.entries(LIMITS)) expect(Number(row[name])).toBeLessThanOrEqual(limit);
    }
    expect(study.budgetUse.map(({ budget }: { budget: string }) => budget).sort()).toEqual(Object.keys(LIMITS).sort());
    const counted = Object.entries<number>(study.rejections).map(([reason, count]) => `${count} ${reason}`);
    const told = /Genomes that broke a budget before they were brought inside: (.+)\./.exec(stdout)![1];
    expect(told.split(', ').sort()).toEqual(counted.sort());
    expect(study.rejections['over ramBytes']).toBeGreaterThan(0);
    if (how === 'evolution') expect(Object.keys(study.rejections).length).toBeGreaterThan(3);
  });

  it('keeps those of two devices by their own tables', async () => {
    const budgets = ['--latency-budget-ms', 'phone=0.08,board=0.21', '--energy-budget-mj', 'phone=0.64'];
    const { exitCode, document } = await runJson(...search('two', ['phone', 'board'], ...budgets));
    expect(exitCode).toBe(0);
    const rows = rowsOf('two/pareto_front.csv');
    expect(rows).toHaveLength(document.front.length);
    for (const row of rows) {
      const [phone, board] = [Number(row['latencyMs@phone']), Number(row['latencyMs@board'])];
      expect(phone).toBeLessThanOrEqual(0.08);
      expect(board).toBeLessThanOrEqual(0.21);
      expect(Number(row['energyMj@phone'])).toBeLessThanOrEqual(0.64);
      expect(board).toBeGreaterThan(2 * phone);
    }
    // the slower device binds
    expect(document.budgetUse[0]).toMatchObject({ budget: 'latencyMs@board' });
  });

  it('keeps the upper end of the interval where a confidence is asked for', async () => {
    const highest = async (out: string, ...flags: string[]) => {
      const { document } = await runJson(...search(out, ['phone'], '--latency-budget-ms', '0.08', ...flags));
      return Math.max(
        ...document.front.map(({ metrics }: { metrics: { latencyMs: { high: number } } }) => metrics.latencyMs.high),
      );
    };
    expect(await highest('mean')).toBeGreaterThan(0.08);
    expect(await highest('sure', '--budget-confidence', '0.95')).toBeLessThanOrEqual(0.08);
  });

  it('ends with code 3, the smallest value of each budget and the pair that excludes each other', async () => {
    const budgets = ['--latency-budget-ms', 'phone=0.053,board=0.3', '--ram-budget-kib', '48.2'];
    const argv = search('infeasible', ['phone', 'board'], ...budgets, '--bitops-budget', '400000000');
    const outcome = await run(...argv);
    expect(outcome.exitCode).toBe(3);
    const { message, remedy } = failure(outcome);
    expect(message).toMatch(/smallest values [\d.]+ ms on phone, [\d.]+ ms on board, [\d.]+ KiB of RAM, \d+ bit op/);
    expect(remedy).toBe('0.0530 ms on phone and 48.20 KiB of RAM exclude each other: loosen one of them.');
    const { document } = await runJson(...argv);
    const { reachable, conflict } = document.error;
    expect(conflict).toEqual(['latencyMs@phone', 'ramBytes']);
    expect(Object.keys(reachable)).toEqual(['latencyMs@phone', 'latencyMs@board', 'ramBytes', 'bitOps']);
    expect(reachable['latencyMs@phone']).toBeLessThan(0.053);
    expect(existsSync(folder.path('infeasible'))).toBe(false);
  });
});
