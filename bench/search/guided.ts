import { Random } from '../../src/core/random.ts';
import {
  allocationFront,
  type GuidedPoint,
  type GuidedSettings,
  guidedSearch,
  parseAllocation,
  scaledHypervolume,
} from '../../src/search/index.ts';
import { median } from '../harness.ts';
import { knownBudgets, regretOf } from './known-budgets.ts';
import type { BenchProblem, ProblemCase, ProblemSource } from './problems.ts';
import type { BenchRun } from './report.ts';

/** Budgets of a problem that a quick run looks at. */
const QUICK_BUDGETS = 3;
/** What a sum of rounded terms may be over its target. */
const ROUNDING = 1e-12;

/** The guided search, which reads the loss only by counted evaluations. */
export async function benchGuided(run: BenchRun, source: ProblemSource): Promise<void> {
  const { report, seeds } = run;
  const cases = source.cases.filter(({ name }) => run.wanted('guided', name));
  const regrets = cases.filter(({ regret }) => regret.length > 0);
  if (regrets.length > 0) {
    report.heading(`Guided search, one objective: ${source.origin}, ${seeds.length} seeds`);
    report.say('Regret: of the worst budget, the median over the seeds (and the greatest of all budgets and seeds).\n');
    report.table(['problem', 'budgets', 'evaluations', 'regret', 'target', 'over a budget', 'a run', '']);
    for (const one of regrets) await benchRegret(run, one);
  }
  const volumes = cases.filter(({ volume }) => volume);
  if (volumes.length > 0) {
    report.heading(`Guided search, fronts: ${source.origin}, ${seeds.length} seeds`);
    report.table(['problem, objectives', 'evaluations', 'hypervolume missing', 'target', '']);
    for (const one of volumes) await benchVolume(run, one);
  }
  await compareSelections(
    run,
    cases.filter(({ exact }) => !exact),
  );
}

interface GuidedRun {
  archive: GuidedPoint[];
  /** Evaluated choices that broke a limit. */
  over: number;
  seconds: number;
}

async function search(
  problem: BenchProblem,
  limits: Record<string, number>,
  settings: GuidedSettings,
  objectives?: string[],
): Promise<GuidedRun> {
  const model = parseAllocation(problem);
  const evaluate = (batch: number[][]) => batch.map((choice) => model.value(0, choice));
  const start = performance.now();
  const { archive } = await guidedSearch({ tables: model, limits, objectives, evaluate }, settings);
  const seconds = (performance.now() - start) / 1000;
  const over = archive.filter(({ choice }) => {
    const metrics = model.describe(choice);
    return Object.entries(limits).some(([metric, limit]) => metrics[metric] > model.ceiling(limit));
  }).length;
  return { archive, over, seconds };
}

async function benchRegret({ report, seeds, quick }: BenchRun, one: ProblemCase): Promise<void> {
  const problem = one.read();
  const known = await knownBudgets(problem, parseAllocation(problem), 'exact');
  const budgets = quick ? known.slice(0, QUICK_BUDGETS) : known;
  const evaluations = Math.max(...one.regret.map(([count]) => count));
  const medians = one.regret.map(() => 0);
  const greatest = one.regret.map(() => 0);
  const runs: GuidedRun[] = [];
  for (const [i, budget] of budgets.entries()) {
    const own: GuidedRun[] = [];
    for (const seed of seeds) {
      report.progress(one.name, i * seeds.length + own.length, budgets.length * seeds.length);
      own.push(await search(problem, budget.limits, { evaluations, seed }));
    }
    one.regret.forEach(([count], k) => {
      const regrets = own.map(({ archive }) => regretOf(budget, leastLoss(archive.slice(0, count))));
      medians[k] = Math.max(medians[k], median(regrets));
      greatest[k] = Math.max(greatest[k], ...regrets);
    });
    runs.push(...own.map((run) => ({ ...run, archive: [] })));
  }
  const over = runs.reduce((sum, run) => sum + run.over, 0);
  for (const [k, [count, target]] of one.regret.entries()) {
    report.row([
      one.name,
      String(budgets.length),
      String(count),
      `${digits(medians[k])} (${digits(greatest[k])})`,
      String(target),
      String(over),
      `${median(runs.map(({ seconds }) => seconds)).toFixed(1)} s`,
      report.verdict(`${one.name} after ${count}`, medians[k] <= target + ROUNDING && over === 0),
    ]);
  }
}

function leastLoss(archive: readonly GuidedPoint[]): number {
  return archive.reduce((least, { loss }) => Math.min(least, loss), Number.POSITIVE_INFINITY);
}

function digits(value: number): string {
  return value === 0 ? '0' : value.toFixed(5);
}

async function benchVolume({ report, seeds }: BenchRun, one: ProblemCase): Promise<void> {
  const [evaluations, target] = one.volume!;
  const problem = one.read();
  for (const { keys, hv_full } of Object.values(problem.fronts ?? {})) {
    const bounds = keys.map((key) => problem.bounds[key]);
    const volumeOf = (points: number[][]) => scaledHypervolume(points, bounds, new Random(1));
    const full = hv_full ?? volumeOf(allocationFront(parseAllocation(problem), keys).map(({ values }) => [...values]));
    const gaps: number[] = [];
    const spent: number[] = [];
    for (const seed of seeds) {
      report.progress(`${one.name}, ${keys.join('/')}`, gaps.length, seeds.length);
      const { archive } = await search(problem, {}, { evaluations, seed }, keys);
      gaps.push(1 - volumeOf(valuesOf(problem, archive, keys)) / full);
      spent.push(archive.length);
    }
    const reached = median(gaps);
    report.row([
      `${one.name}, ${keys.join('/')}`,
      String(median(spent)),
      `${(100 * Math.max(0, reached)).toPrecision(2)}%`,
      `${100 * target}% after ${evaluations}`,
      report.verdict(`${one.name}, ${keys.join('/')}`, reached <= target),
    ]);
  }
}

function valuesOf(problem: BenchProblem, archive: readonly GuidedPoint[], keys: readonly string[]): number[][] {
  const { metrics } = parseAllocation(problem);
  return archive.map(({ loss, costs }) => keys.map((key) => (key === 'loss' ? loss : costs[metrics.indexOf(key) - 1])));
}

/** NSGA-III and NSGA-II where a model does not decide everything: the volume that each reaches. */
async function compareSelections({ report, seeds, quick }: BenchRun, cases: readonly ProblemCase[]): Promise<void> {
  if (cases.length === 0) return;
  const objectives = ['loss', 'latency'];
  report.heading(`Guided search by selection: hypervolume of ${objectives.join('/')}, median of ${seeds.length} seeds`);
  report.table(['problem', 'evaluations', 'NSGA-III', 'NSGA-II']);
  for (const one of cases) {
    const problem = one.read();
    const bounds = objectives.map((key) => problem.bounds[key]);
    for (const evaluations of quick ? [1000] : [1000, 3000]) {
      const cells: string[] = [];
      for (const algorithm of ['nsga3', 'nsga2'] as const) {
        const reached: number[] = [];
        for (const seed of seeds) {
          report.progress(`${one.name} by ${algorithm}`, reached.length, seeds.length);
          const { archive } = await search(problem, {}, { evaluations, seed, algorithm }, objectives);
          reached.push(scaledHypervolume(valuesOf(problem, archive, objectives), bounds, new Random(1)));
        }
        cells.push(median(reached).toFixed(6));
      }
      report.row([one.name, String(evaluations), ...cells]);
    }
  }
}
