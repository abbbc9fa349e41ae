import { describe, expect, it } from 'vitest';
import {
  bestUnder,
  formatCsv,
  parseCsv,
  parseObjectives,
  recordMeasured,
  type StudyPoint,
} from '../../../src/study/index.ts';
import { memoryFiles, runToyStudy, toyCostModel, toyLoss, toySpace } from './toy-study.ts';

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
    for (const name of ['reports.csv', 'generations.csv', 'pareto_front.csv', 'config.json', 'front/000.json']) {
      expect(resumed.files.contents.get(`runs/toy/${name}`)).toBe(whole.files.contents.get(`runs/toy/${name}`));
    }
  });

  it('ends in time, says how far it came, and does the same again from its config.json', async () => {
    let nowNs = 0;
    const files = memoryFiles();
    const clock = { nowNs: () => (nowNs += 1e6) };
    const short = await runToyStudy({}, { files, timeMaxMs: 5, clock });
    expect(short.stopped).toBe('time');
    expect(short.evaluations).toBeLessThan(300);
    const config = JSON.parse(files.contents.get('runs/toy/config.json')!);
    expect(config.generations).toBe(short.generations);
    const again = await runToyStudy({ generations: config.generations });
    expect(again.stopped).toBe('generations');
    for (const name of ['config.json', 'reports.csv', 'generations.csv', 'pareto_front.csv', 'front/000.json']) {
      expect(again.files.contents.get(`runs/toy/${name}`)).toBe(files.contents.get(`runs/toy/${name}`));
    }
    const [whole, resumed] = [await runToyStudy(), await runToyStudy({}, { files, resume: true })];
    expect(resumed.files.contents.get('runs/toy/reports.csv')).toBe(whole.files.contents.get('runs/toy/reports.csv'));
  });

  it('ends when a candidate is as good as asked, or when none has been better for long', async () => {
    const target = { accuracy: -0.5, latency: 0.092 };
    const reached = await runToyStudy({ evaluations: 2000, target });
    expect(reached.stopped).toBe('target');
    const isGood = ({ loss, cost }: StudyPoint) => loss <= 0.5 && cost.latencyMs.value <= 0.092;
    expect(reached.front.some(isGood)).toBe(true);
    const before = await runToyStudy({ generations: reached.generations! - 1 });
    expect(before.front.some(isGood)).toBe(false);
    const still = await runToyStudy({ evaluations: 5000, population: 12, stagnation: 5 });
    expect(still.stopped).toBe('stagnation');
    const resumed = await runToyStudy({ evaluations: 2000, target }, { files: reached.files, resume: true });
    expect(resumed.evaluations).toBe(reached.evaluations);
  });

  it('tells how far each generation brought it', async () => {
    const { files, points } = await runToyStudy({ budgets: budget });
    const [columns, ...rows] = parseCsv(files.contents.get('runs/toy/generations.csv')!);
    expect(columns).toEqual(['generation', 'evaluations', 'feasible', 'hypervolume']);
    const numbers = rows.map((row) => row.map(Number));
    expect(numbers.map(([generation]) => generation)).toEqual(numbers.map((_, i) => i + 1));
    expect(numbers.at(-1)!.slice(1, 3)).toEqual([points.length, points.filter(({ feasible }) => feasible).length]);
    for (const [i, [, evaluations, , hypervolume]] of numbers.entries()) {
      if (i === 0) continue;
      expect(evaluations).toBeGreaterThan(numbers[i - 1][1]);
      expect(hypervolume).toBeGreaterThanOrEqual(numbers[i - 1][3]);
    }
  });

  it('does not resume a checkpoint of other settings', async () => {
    const files = memoryFiles();
    await expect(runToyStudy({}, { files, stopAfter: 4 })).rejects.toThrow();
    await expect(runToyStudy({ population: 20 }, { files, resume: true })).rejects.toMatchObject({ kind: 'mismatch' });
  });

  it.each<[string, (text: string) => string]>([
    ['cut', (text) => text.slice(0, text.length / 2)],
    ['null', () => 'null'],
    ['without its state', (text) => JSON.stringify({ ...JSON.parse(text), state: null })],
    ['edited by hand', (text) => text.replace('"generation":4', '"generation":3')],
  ])('refuses a checkpoint that is %s', async (_, damage) => {
    const files = memoryFiles();
    await expect(runToyStudy({}, { files, stopAfter: 4 })).rejects.toThrow();
    const path = 'runs/toy/checkpoint.json';
    const damagedText = damage(files.contents.get(path)!);
    expect(damagedText).not.toBe(files.contents.get(path));
    files.contents.set(path, damagedText);
    await expect(runToyStudy({}, { files, resume: true })).rejects.toMatchObject({ kind: 'damaged-file' });
    expect([...files.contents]).toEqual([[path, damagedText]]);
  });

  it('keeps the last state of a space that was searched to its end', async () => {
    const costModel = toyCostModel();
    const space = toySpace(costModel, new Map(costModel.layers.slice(2).map((layer) => [layer, 'w8a8'])));
    const { files, evaluations } = await runToyStudy({}, { space });
    expect(evaluations).toBe(25);
    const whole = new Map(files.contents);
    expect(whole.has('runs/toy/checkpoint.json')).toBe(true);
    await runToyStudy({}, { space, files, resume: true });
    expect(files.contents).toEqual(whole);
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

  it('refuses budgets that exclude each other before it evaluates or writes anything', async () => {
    const files = memoryFiles();
    const loss = () => {
      throw new Error('evaluated');
    };
    const costModel = toyCostModel();
    const fastest = costModel.estimate(costModel.layers.map(() => 'w2a2'));
    const budgets = { latencyMs: fastest.latencyMs.value, ramBytes: fastest.ramBytes - 1 }; // only the fastest keeps the first
    const attempt = runToyStudy({ budgets }, { files, proxy: { name: 'toy', loss } });
    await expect(attempt).rejects.toMatchObject({ kind: 'infeasible', exitCode: 3 });
    expect(files.contents.size).toBe(0);
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

describe('the best point under a budget', () => {
  it('is the one with the least loss of all that keep it', async () => {
    const { points } = await runToyStudy();
    const limit = 0.1;
    const best = bestUnder(points, { latencyMs: limit })!;
    const inside = points.filter((point) => point.cost.latencyMs.value <= limit);
    expect(inside.length).toBeGreaterThan(1);
    expect(best.loss).toBe(Math.min(...inside.map((point) => point.loss)));
    expect(best.cost.latencyMs.value).toBeLessThanOrEqual(limit);
    expect(bestUnder(points, { latencyMs: 1e-6 })).toBeUndefined();
  });

  it('is the faster one of two that lose the same', async () => {
    const { points } = await runToyStudy();
    const equal = points.map((point) => ({ ...point, loss: 1 }));
    const fastest = Math.min(...points.map((point) => point.cost.latencyMs.value));
    expect(bestUnder(equal, {})!.cost.latencyMs.value).toBe(fastest);
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
