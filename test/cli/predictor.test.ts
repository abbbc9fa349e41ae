import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/study/index.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

/** The kernels are tested in both compiler tiers first. */
const PATIENCE_MS = 240_000;
const SPACE = ['--schemes', 'w8a8,w4a4,w2a4', '--calibration-samples', '2'];

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  writeFileSync(folder.path('table.json'), await tableOfThisDevice(['w8a8', 'w4a4', 'w2a4']));
  const ways = ['--accuracy', 'measured', '--accuracy-samples', '20', '--evaluations', '24', '--evaluate-front', '0'];
  const { exitCode } = await runJson(...search('run', ...ways));
  expect(exitCode).toBe(0);
}, PATIENCE_MS);
afterAll(() => folder.remove());

function search(out: string, ...flags: string[]): string[] {
  const given = ['--lut', folder.path('table.json'), '--out', folder.path(out), ...SPACE];
  return ['--quiet', 'search', ...given, ...flags];
}

describe('predictor', { timeout: PATIENCE_MS }, () => {
  it('is fitted to what a surrogate search has run, checked on fresh candidates, and searched by', async () => {
    expect(JSON.parse(readFileSync(folder.path('run/study.json'), 'utf8'))).toMatchObject({ strategy: 'surrogate' });
    expect(parseCsv(readFileSync(folder.path('run/batches.csv'), 'utf8')).length).toBeGreaterThan(2);
    const file = folder.path('a.predictor.json');
    const small = ['--hidden', '16,16', '--members', '2', '--low-fidelity', '30', '--out', file];
    const fitted = await runJson('--quiet', 'predictor', 'fit', '--run', folder.path('run'), ...small);
    expect([fitted.exitCode, fitted.document.candidates]).toEqual([0, 24]);
    expect(fitted.document.heldOutError.blend).toBeLessThan(0.5);
    const bytes = readFileSync(file, 'utf8');
    const reports = ['--reports', folder.path('run/reports.csv')];
    await runJson('--quiet', 'predictor', 'fit', ...reports, ...small);
    expect(readFileSync(file, 'utf8')).toBe(bytes);
    const check = await runJson(
      ...['--quiet', 'predictor', 'check', '--predictor', file, '--candidates', '12', '--samples', '20'],
    );
    expect(check.exitCode).toBe(0);
    expect(check.document).toMatchObject({ network: 'resnet8', learned: 24, candidates: 12 });
    const { meanAbsoluteError, spearman, within95 } = check.document;
    expect(meanAbsoluteError).toBeLessThan(0.5);
    expect(spearman.low).toBeLessThanOrEqual(spearman.value);
    expect(within95).toBeGreaterThan(0);
    const guided = await runJson(...search('by', '--predictor', file, '--evaluations', '60', '--evaluate-front', '0'));
    expect([guided.exitCode, guided.document.evaluations]).toEqual([0, 60]);
    const [head, row] = parseCsv(readFileSync(folder.path('by/reports.csv'), 'utf8'));
    expect(row[head.indexOf('accuracyKind')]).toBe(`predictor:${JSON.parse(bytes).sha256.slice(0, 12)}`);
  });

  it('looks at each candidate where it is asked to, in a check and in a search too', async () => {
    const file = folder.path('each.predictor.json');
    const small = ['--hidden', '8', '--members', '2', '--low-fidelity', 'each', '--out', file];
    const fitted = await runJson('--quiet', 'predictor', 'fit', '--run', folder.path('run'), ...small);
    expect([fitted.exitCode, fitted.document.candidates]).toEqual([0, 24]);
    const { looks, lowFidelity } = JSON.parse(readFileSync(file, 'utf8'));
    expect([looks.length, lowFidelity, Math.min(...looks) >= 0]).toEqual([24, undefined, true]);
    const check = await runJson(
      ...['--quiet', 'predictor', 'check', '--predictor', file, '--candidates', '10', '--samples', '20'],
    );
    expect([check.exitCode, check.document.candidates]).toEqual([0, 10]);
    const by = (out: string, ...flags: string[]) =>
      search(out, '--predictor', file, '--evaluations', '30', '--evaluate-front', '0', ...flags);
    expect((await runJson(...by('looking'))).document).toMatchObject({ evaluations: 30 });
    const other = await run(...by('otherwise', '--calibration-samples', '3'));
    expect([other.exitCode, failure(other).message]).toEqual([1, expect.stringContaining('calibrated otherwise')]);
    const many = await run('predictor', 'fit', '--run', folder.path('run'), '--low-fidelity', 'all', '--out', file);
    expect([many.exitCode, failure(many).message]).toEqual([2, expect.stringContaining('--low-fidelity')]);
  });

  it('learns architectures in full precision first, and from what a check of proxies ran', async () => {
    const pairs = folder.path('pairs.json');
    const space = folder.path('joint.yaml');
    writeFileSync(space, 'network: resnet8\nbits: { schemes: [w8a8, w4a4] }\nkeep: { ratios: [0.5, 0.75, 1] }\n');
    const drawing = ['--quiet', 'predictor', 'draw', '--space', space, '--calibration-samples', '2', '--out', pairs];
    const drawn = (...flags: string[]) => runJson(...drawing, '--samples', '16', '--full-precision', '12', ...flags);
    expect((await drawn('--candidates', '6')).document).toMatchObject({ candidates: 6, fullPrecision: 12 });
    // what a file tells is not run again: a changed accuracy comes back
    const told = JSON.parse(readFileSync(pairs, 'utf8'));
    const groups = told.evaluated.map(({ group }: { group: string }) => group);
    expect(groups.filter((group: string) => group === 'full-precision')).toHaveLength(12);
    const [first] = told.evaluated;
    first.top1 = 0.123;
    writeFileSync(pairs, JSON.stringify(told));
    expect((await drawn('--candidates', '14', '--reuse', pairs)).document).toMatchObject({ candidates: 14 });
    const again = JSON.parse(readFileSync(pairs, 'utf8')).evaluated;
    expect(again).toContainEqual(first);
    expect(again).toHaveLength(26);

    const file = folder.path('t.predictor.json');
    const learn = (...flags: string[]) =>
      runJson(
        ...['--quiet', 'predictor', 'fit', '--evaluated', pairs, '--hidden', '16', '--members', '2'],
        ...['--low-fidelity', '20', '--out', file, ...flags],
      );
    const { document } = await learn();
    expect(document).toMatchObject({ candidates: 14, fullPrecision: 12 });
    const transferred = JSON.parse(readFileSync(file, 'utf8'));
    expect(transferred.fullPrecisionPairs).toBe(12);
    expect(transferred.lowFidelity.pairs.losses).toHaveLength(20);
    const alone = await learn('--no-transfer');
    expect(alone.document.fullPrecision).toBeUndefined();
    expect(JSON.parse(readFileSync(file, 'utf8')).ensemble).not.toEqual(transferred.ensemble);

    const both = await run('predictor', 'fit', '--evaluated', pairs, '--run', folder.path('run'), '--out', file);
    expect([both.exitCode, failure(both).message]).toEqual([2, expect.stringContaining('several kinds')]);
    const bits = await run('--quiet', 'predictor', 'draw', ...SPACE, '--full-precision', '9', '--out', pairs);
    expect([bits.exitCode, failure(bits).message]).toEqual([2, expect.stringContaining('bits alone')]);
    const other = await run(...drawing, '--samples', '15', '--reuse', pairs);
    expect([other.exitCode, failure(other).message]).toEqual([1, expect.stringContaining('another dataset')]);
    writeFileSync(pairs, readFileSync(pairs, 'utf8').slice(0, 200));
    const damaged = await run('predictor', 'fit', '--evaluated', pairs, '--out', file);
    expect([damaged.exitCode, failure(damaged).message]).toEqual([1, expect.stringContaining('is no JSON')]);
  });

  it('refuses what it cannot learn from, damaged files, and spaces that are not its own', async () => {
    const file = folder.path('b.predictor.json');
    const refused = async (...argv: string[]) => {
      const outcome = await run(...argv);
      return [outcome.exitCode, failure(outcome).message];
    };
    const small = ['--hidden', '8', '--members', '2', '--low-fidelity', '0', '--out', file];
    expect(await refused('predictor', 'fit', ...small)).toEqual([2, 'There is nothing to learn from.']);
    const nowhere = await refused('predictor', 'fit', '--run', folder.path('none'), ...small);
    expect(nowhere).toEqual([1, expect.stringContaining('There is no')]);
    expect(existsSync(file)).toBe(false);
    await runJson('--quiet', 'predictor', 'fit', '--run', folder.path('run'), ...small);
    const both = await refused(...search('both', '--predictor', file, '--accuracy', 'measured'));
    expect(both).toEqual([2, expect.stringContaining('both say')]);
    const other = ['--schemes', 'w8a8,w4a4', '--lut', folder.path('table.json'), '--out', folder.path('other')];
    const stranger = await refused('--quiet', 'search', ...other, '--calibration-samples', '2', '--predictor', file);
    expect(stranger).toEqual([1, expect.stringContaining('is of a space of')]);
    writeFileSync(file, readFileSync(file, 'utf8').replace('resnet8', 'resnet9'));
    const damaged = await refused('predictor', 'check', '--predictor', file);
    expect(damaged).toEqual([1, expect.stringContaining('was changed since it was written')]);
  });
});
