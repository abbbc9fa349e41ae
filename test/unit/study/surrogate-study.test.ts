import { describe, expect, it } from 'vitest';
import { genePriors, parseCsv, type StudySettings } from '../../../src/study/index.ts';
import { memoryFiles, runToyStudy, SCHEMES, toyCostModel, toyLoss, toySpace } from './toy-study.ts';

/** Layers make each other worse: nothing that a sum over layers can say. */
const joint = {
  name: 'joint',
  loss: (schemes: Parameters<typeof toyLoss>[0]) =>
    Math.sqrt(toyLoss(schemes)) +
    schemes.reduce((sum, scheme, i) => sum + (i > 0 && scheme !== schemes[i - 1] ? 0.05 / i : 0), 0),
};

const surrogate = (settings: Partial<StudySettings> = {}, changes: Parameters<typeof runToyStudy>[1] = {}) =>
  runToyStudy(
    { strategy: 'surrogate', evaluations: 48, budgets: { latencyMs: 0.11 }, ...settings },
    { proxy: joint, ...changes },
  );

describe('a study by a surrogate', () => {
  it('keeps its budgets, and writes batch by batch how well it ranked', async () => {
    const { points, strategy, evaluations, modelCorrelation, files } = await surrogate();
    expect([strategy, evaluations]).toEqual(['surrogate', 48]);
    expect(points.every(({ feasible }) => feasible)).toBe(true);
    const [head, ...rows] = parseCsv(files.contents.get('runs/toy/batches.csv')!);
    expect(head).toEqual(['batch', 'evaluations', 'choice', 'rankCorrelation', 'error']);
    expect(rows[0].slice(2)).toEqual(['start', '', '']);
    expect(rows.at(-1)![1]).toBe('48');
    expect(Number(rows.at(-1)![3])).toBe(modelCorrelation);
    expect(JSON.parse(files.contents.get('runs/toy/study.json')!)).toMatchObject({ strategy, modelCorrelation });
  });

  it('gives the same bytes again, and when it was interrupted and resumed, evaluating only what is new', async () => {
    const whole = await surrogate();
    expect([...(await surrogate()).files.contents]).toEqual([...whole.files.contents]);
    const files = memoryFiles();
    await expect(surrogate({}, { files, stopAfter: 3 })).rejects.toMatchObject({ kind: 'interrupted' });
    let saved = JSON.parse(files.contents.get('runs/toy/checkpoint.json')!).state.losses.length;
    expect(saved).toBeGreaterThan(8);
    const resumed = await surrogate({}, { files, resume: true });
    expect(new Map(resumed.files.contents)).toEqual(new Map(whole.files.contents));
    saved = JSON.parse(resumed.files.contents.get('runs/toy/checkpoint.json')!).state.losses.length;
    expect(saved).toBe(48);
  });

  it('leaves no batches.csv of an earlier run behind', async () => {
    const { files } = await surrogate();
    await runToyStudy({ budgets: { latencyMs: 0.11 } }, { files });
    expect(files.contents.has('runs/toy/batches.csv')).toBe(false);
  });
});

describe('the priors of genes', () => {
  it('are what each choice alone adds, at least 0', () => {
    const costModel = toyCostModel();
    const space = toySpace(costModel);
    const rows = genePriors({ space, proxy: { name: 'toy', loss: toyLoss } });
    expect(rows.length).toBe(space.variables.length);
    expect(rows.every((row) => row.length === SCHEMES.length && Math.min(...row) === 0)).toBe(true);
    const base = rows.map((row) => row.indexOf(0));
    const at = (gene: number, choice: number) => toyLoss(space.decode(base.with(gene, choice)));
    rows.forEach((row, gene) => {
      row.forEach((value, choice) => {
        expect(value).toBeCloseTo(at(gene, choice) - toyLoss(space.decode(base)), 12);
      });
    });
  });
});
