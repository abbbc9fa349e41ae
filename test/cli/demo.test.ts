import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLut } from '../../src/lut/check.ts';
import { parseCandidate } from '../../src/quant/candidate.ts';
import { parseReportData } from '../../src/report/types.ts';
import { parseCsv } from '../../src/study/csv.ts';
import { PROGRAM, temporaryFolder } from './command-line.ts';

const folder = temporaryFolder();
const path = (...names: string[]) => join(folder.path('work'), ...names);

/** Runs the built program in the temporary folder; both streams and the exit code. */
async function bitbudget(...argv: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [PROGRAM, ...argv], { cwd: path() });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}

describe('the demo, small', () => {
  let outcome: Awaited<ReturnType<typeof bitbudget>>;
  let table: string;

  beforeAll(async () => {
    mkdirSync(path());
    const few = ['--schemes', 'f32,w8a8,w4a4', '--evaluations', '60', '--samples', '40', '--time-max-s', '30'];
    outcome = await bitbudget('demo', ...few, '--json');
    const [device] = readdirSync(path('lut'));
    table = path('lut', device, readdirSync(path('lut', device))[0]);
  }, 300_000); // what it promises

  afterAll(() => folder.remove());

  it('does the whole job and prints one document', () => {
    expect(outcome.exitCode, outcome.stderr).toBe(0);
    const document = JSON.parse(outcome.stdout);
    const names = document.networks.map(({ name }: { name: string }) => name);
    expect(names.slice(-3)).toEqual(['uniform f32', 'uniform w8a8', 'uniform w4a4']);
    for (const { predictedMs, measuredMs, accuracy, energyMj } of document.networks) {
      expect(predictedMs.value).toBeGreaterThan(0);
      expect(measuredMs.low).toBeLessThanOrEqual(measuredMs.value);
      expect(measuredMs.value).toBeLessThanOrEqual(measuredMs.high);
      expect(accuracy).toMatchObject({ samples: 40, dataset: 'builtin' });
      expect(energyMj.source).toBe('model');
    }
    expect(document.verification.networks).toBe(names.length);
  });

  it('leaves a sound table, a whole run folder and a page', () => {
    expect(checkLut(readFileSync(table, 'utf8'))).toEqual({ valid: true, problems: [] });
    const [columns, ...rows] = parseCsv(readFileSync(path('runs/demo/pareto_front.csv'), 'utf8'));
    const front = readdirSync(path('runs/demo/front'));
    expect(front).toHaveLength(rows.length);
    for (const name of front) {
      const candidate = parseCandidate(readFileSync(path('runs/demo/front', name), 'utf8'), name);
      expect(candidate.predicted.latencyMs.value).toBeLessThanOrEqual(JSON.parse(outcome.stdout).latencyBudgetMs);
    }
    expect(columns).toContain('measuredLatencyMs');
    parseReportData(readFileSync(path('runs/demo/report.json'), 'utf8'), 'report.json');
    expect(readFileSync(path('runs/demo/report.html'), 'utf8')).toContain('<title>');
  });

  it('can be taken up by every later command', async () => {
    const verified = await bitbudget('verify', '--random', '3', '--max-error', '1000%', '--json');
    expect(verified.exitCode, verified.stderr).toBe(0);
    expect(JSON.parse(verified.stdout).networks).toHaveLength(3);
    const candidate = path('runs/demo/front/000.json');
    const evaluated = await bitbudget('evaluate', '--candidate', candidate, '--samples', '40', '--json');
    const measured = parseCandidate(readFileSync(candidate, 'utf8'), candidate).measured?.accuracy;
    if (measured) expect(JSON.parse(evaluated.stdout).top1).toBe(measured.value);
    const longer = await bitbudget('evaluate', '--schemes', 'w4a4', '--samples', '1000', '--json');
    expect(longer.exitCode, longer.stderr).toBe(0);
    expect(JSON.parse(longer.stdout).top1).toBeGreaterThan(0.85);
    expect(existsSync(path('runs/demo/checkpoint.json'))).toBe(true);
  }, 120_000);

  it('renders the page anew, and refuses a damaged report', async () => {
    expect((await bitbudget('report')).exitCode).toBe(0);
    writeFileSync(path('runs/demo/report.json'), readFileSync(path('runs/demo/report.json'), 'utf8').slice(0, 500));
    const page = readFileSync(path('runs/demo/report.html'), 'utf8');
    const refused = await bitbudget('report', 'runs/demo');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('report.json');
    expect(readFileSync(path('runs/demo/report.html'), 'utf8')).toBe(page);
  });

  it('searches with no table that was edited by hand', async () => {
    const text = readFileSync(table, 'utf8');
    writeFileSync(table, text.replace(/"median":\d/, '"median":9'));
    const edited = await bitbudget(
      'search',
      '--latency-budget-ms',
      '10',
      '--evaluations',
      '10',
      '--schemes',
      'w8a8,w4a4',
    );
    expect(edited.exitCode).toBe(1);
    expect(edited.stderr).toContain(table.slice(path().length + 1));
    writeFileSync(table, text);
  });
});
