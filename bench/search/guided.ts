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
import { type KnownBudget, knownBudgets, regretOf } from './known-budgets.ts';
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
    report.say('Regret: of the worst budget, the median over the seeds (and the greatest of all budgets and seeds).');
    report.say('Budgets at which a target was met after fewer evaluations are not run again with more.\n');
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

/** Targets in their order; a budget at which one is reached after fewer evaluations already needs no run with more. */
async function benchRegret(run: BenchRun, one: ProblemCase): Promise<void> {
  const problem = one.read();
  const known = await knownBudgets(problem, parseAllocation(problem), 'exact');
  const budgets = run.quick ? known.slice(0, QUICK_BUDGETS) : known;
  const reached = new Map<KnownBudget, Reached>();
  for (const [count, target] of one.regret) {
    const meets = (budget: KnownBudget) => (reached.get(budget)?.median ?? Infinity) <= target + ROUNDING;
    const lacking = budgets.filter((budget) => !meets(budget));
    for (const [done, budget] of lacking.entries()) {
      reached.set(
        budget,
        await reachedAfter(run, problem, budget, count, (share) =>
          run.report.progress(`${one.name}, ${count}`, done + share, lacking.length),
        ),
      );
    }
    const all = [...reached.values()];
    const regret = Math.max(...all.map((budget) => budget.median));
    const over = all.reduce((sum, budget) => sum + budget.over, 0);
    run.report.row([
      one.name,
      lacking.length === budgets.length ? String(budgets.length) : `${lacking.length} of ${budgets.length}`,
      String(count),
      `${digits(regret)} (${digits(Math.max(...all.map(({ greatest }) => greatest)))})`,
      String(target),
      String(over),
      lacking.length > 0 ? `${median(lacking.map((budget) => reached.get(budget)!.seconds)).toFixed(1)} s` : '',
      run.report.verdict(`${one.name} after ${count}`, regret <= target + ROUNDING && over === 0),
    ]);
  }
}

/** What a budget's searches, one for each seed, came to. */
interface Reached {
  median: number;
  greatest: number;
  over: number;
  seconds: number;
}

async function reachedAfter(
  { seeds }: BenchRun,
  problem: BenchProblem,
  budget: KnownBudget,
  evaluations: number,
  onShare: (share: number) => void,
): Promise<Reached> {
  const regrets: number[] = [];
  const seconds: number[] = [];
  let over = 0;
  for (const seed of seeds) {
    onShare(regrets.length / seeds.length);
    const one = await search(problem, budget.limits, { evaluations, seed });
    regrets.push(regretOf(budget, leastLoss(one.archive)));
    over += one.over;
    seconds.push(one.seconds);
  }
  return { median: median(regrets), greatest: Math.max(...regrets), over, seconds: median(seconds) };
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
