import { describe, expect, it } from 'vitest';
import { formatCsv, parseCsv, parseObjectives, recordMeasured } from '../../../src/study/index.ts';
import { memoryFiles, runToyStudy, toyCostModel, toySpace } from './toy-study.ts';

const budget = { latencyMs: 0.08 };

describe('a study', () => {
  it('gives the same bytes for the same settings, and others for another seed', async () => {
    const [a, b, c] = [await runToyStudy(), await runToyStudy(), await runToyStudy({ seed: 2 })];
    expect([...a.files.contents]).toEqual([...b.files.contents]);
    expect(c.files.contents.get('runs/toy/reports.csv')).not.toBe(a.files.contents.get('runs/toy/reports.csv'));
  });

  it('gives the same bytes when it was interrupted and resumed', async () => {
    const whole = await runToyStudy();
    const files = memoryFiles();
    await expect(runToyStudy({}, { files, stopAfter: 4 })).rejects.toMatchObject({
      kind: 'interrupted',
      exitCode: 130,
    });
    expect([...files.contents.keys()]).toEqual(['runs/toy/checkpoint.json']);
    const resumed = await runToyStudy({}, { files, resume: true });
    for (const name of ['reports.csv', 'pareto_front.csv', 'config.json', 'front/000.json']) {
      expect(resumed.files.contents.get(`runs/toy/${name}`)).toBe(whole.files.contents.get(`runs/toy/${name}`));
    }
  });

  it('does not resume a checkpoint of other settings', async () => {
    const files = memoryFiles();
    await expect(runToyStudy({}, { files, stopAfter: 4 })).rejects.toThrow();
    await expect(runToyStudy({ population: 20 }, { files, resume: true })).rejects.toMatchObject({ kind: 'mismatch' });
  });

  it('evaluates nothing twice and nothing over budget', async () => {
    const { files, points, evaluations } = await runToyStudy({ budgets: budget });
    const [columns, ...rows] = parseCsv(files.contents.get('runs/toy/reports.csv')!);
    expect(rows).toHaveLength(evaluations);
    expect(evaluations).toBe(300);
    expect(new Set(rows.map((row) => row[columns.indexOf('encoding')])).size).toBe(rows.length);
    for (const row of rows) expect(Number(row[columns.indexOf('latencyMs')])).toBeLessThanOrEqual(budget.latencyMs);
    expect(points.every((point) => point.feasible)).toBe(true);
  });

  it('keeps a budget that only a few candidates keep', async () => {
    const costModel = toyCostModel();
    const cheapest = costModel.estimate(costModel.layers.map(() => 'w2a2')).latencyMs.value;
    const { points } = await runToyStudy({ budgets: { latencyMs: cheapest * 1.25 } });
    expect(points.length).toBeGreaterThan(3);
    expect(points.every((point) => point.cost.latencyMs.value <= cheapest * 1.25)).toBe(true);
  });

  it('refuses a budget that none keeps, and names the smallest reachable value', async () => {
    const costModel = toyCostModel();
    const cheapest = costModel.estimate(costModel.layers.map(() => 'w2a2')).latencyMs.value;
    const attempt = runToyStudy({ budgets: { latencyMs: 0.001 } });
    await expect(attempt).rejects.toMatchObject({
      kind: 'infeasible',
      exitCode: 3,
      reachable: { latencyMs: cheapest },
    });
    await expect(attempt).rejects.toThrow(/the smallest reachable value is 0\.0\d+ ms/);
  });

  it('finds a front of points none of which is better than another', async () => {
    const { front, hypervolume } = await runToyStudy();
    for (const a of front) {
      for (const b of front) {
        const dominates = a.loss <= b.loss && a.cost.latencyMs.value <= b.cost.latencyMs.value;
        expect(dominates && (a.loss < b.loss || a.cost.latencyMs.value < b.cost.latencyMs.value)).toBe(false);
      }
    }
    expect(hypervolume).toBeGreaterThan(0.5);
    expect(hypervolume).toBeLessThanOrEqual(1.21);
  });

  it('searches for one objective, and for three', async () => {
    const single = await runToyStudy({ objectives: ['accuracy'], budgets: budget });
    expect(single.front).toHaveLength(1);
    const least = Math.min(...single.points.map((point) => point.loss));
    expect(single.front[0].loss).toBe(least);
    const three = await runToyStudy({ objectives: ['accuracy', 'latency', 'size'] });
    expect(three.front.length).toBeGreaterThan(3);
  });

  it('comes close to the best candidate under a budget, found by trying all of a small space', async () => {
    const costModel = toyCostModel();
    const fixed = new Map(costModel.layers.slice(6).map((layer) => [layer, 'w8a8' as const]));
    const space = toySpace(costModel, fixed);
    const limit = 0.11;
    let best = Number.POSITIVE_INFINITY;
    const genome = space.genes.map(() => 0);
    const { toyLoss } = await import('./toy-study.ts');
    for (let index = 0; index < 5 ** space.genes.length; index++) {
      for (let rest = index, gene = 0; gene < genome.length; gene++, rest = Math.floor(rest / 5))
        genome[gene] = rest % 5;
      const schemes = space.decode(genome);
      if (costModel.estimate(schemes).latencyMs.value <= limit) best = Math.min(best, toyLoss(schemes));
    }
    const { points } = await runToyStudy({ budgets: { latencyMs: limit }, evaluations: 1500 }, { space });
    expect(Math.min(...points.map((point) => point.loss))).toBeLessThanOrEqual(best * 1.02);
  });

  it('leaves no candidate of an earlier, longer front in its folder', async () => {
    const files = memoryFiles();
    const long = await runToyStudy({}, { files });
    const short = await runToyStudy({ objectives: ['accuracy'] }, { files });
    expect(short.front.length).toBeLessThan(long.front.length);
    const kept = [...files.contents.keys()].filter((path) => path.includes('/front/'));
    expect(kept).toHaveLength(short.front.length);
  });

  it('records what was measured without touching the reports', async () => {
    const { files, front } = await runToyStudy();
    const before = files.contents.get('runs/toy/reports.csv');
    const measured = front.map((_, i) => (i === 0 ? { accuracy: 0.9, latencyMs: 0.05 } : undefined));
    const proxy = { name: 'toy', loss: () => 0 };
    await recordMeasured({ files, folder: 'runs/toy', proxy }, front, measured, [{ new: true }]);
    const [columns, first, second] = parseCsv(files.contents.get('runs/toy/pareto_front.csv')!);
    const field = (row: string[], name: string) => row[columns.indexOf(name)];
    expect([field(first, 'accuracy'), field(first, 'accuracyKind')]).toEqual(['0.9', 'measured']);
    expect([field(first, 'measuredLatencyMs'), field(first, 'proxyAccuracy')]).toEqual([
      '0.05',
      String(-front[0].loss),
    ]);
    expect([field(second, 'accuracyKind'), field(second, 'measuredLatencyMs')]).toEqual(['proxy:toy', '']);
    expect(files.contents.get('runs/toy/reports.csv')).toBe(before);
    expect(files.contents.get('runs/toy/front/000.json')).toBe('{\n  "new": true\n}\n');
  });
});

describe('CSV', () => {
  it('reads back what it wrote', () => {
    const rows = [
      ['a', 'b,c', 'd"e'],
      ['', 'line\nbreak', '1e-7'],
      ['x', '', ''],
    ];
    expect(parseCsv(formatCsv(rows))).toEqual(rows);
  });
});

describe('objectives', () => {
  it('are refused when unknown or repeated', () => {
    expect(() => parseObjectives('accuracy,latancy')).toThrowError('"latancy" cannot be an objective here.');
    expect(() => parseObjectives('size,size')).toThrowError('"size"');
  });
});
