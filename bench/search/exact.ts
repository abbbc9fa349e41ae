import { type AllocationProblem, allocate, allocationFront, parseAllocation } from '../../src/search/index.ts';
import { knownBudgets, regretOf } from './known-budgets.ts';
import type { ProblemCase, ProblemSource } from './problems.ts';
import type { BenchRun } from './report.ts';

/** Mean time of a budget, in milliseconds. */
const MEAN_TARGET_MS = 100;
/** Of so many runs the quickest counts: what else the machine does is no part of it. */
const WARM_PASSES = 3;

/** The exact solver: every budget of the allocation problems whose losses add up. */
export async function benchExact(run: BenchRun, source: ProblemSource): Promise<void> {
  const { report } = run;
  const cases = source.cases.filter(({ exact, name }) => exact && run.wanted('exact', name));
  if (cases.length > 0) {
    report.heading(`Exact allocation: ${source.origin}`);
    report.say(`Cold: the first run of each budget. Warm: the quickest of ${WARM_PASSES} further ones.\n`);
    report.table([
      'problem',
      'layers × choices',
      'budgets',
      'proven, at the known optimum',
      'greatest regret',
      'mean, cold',
      'mean, warm',
      'most, warm',
      'target',
      '',
    ]);
    for (const one of cases) await solveCase(run, one);
  }
  const withFronts = cases.filter(({ read }) => read().fronts);
  if (withFronts.length > 0) {
    report.heading(`Whole fronts: ${source.origin}`);
    report.table(['problem, objectives', 'points', 'known', 'time', '']);
    for (const one of withFronts) traceFronts(run, one);
  }
  if (run.wanted('exact', 'hawq')) await solveHawq(run, source);
}

async function solveCase({ report }: BenchRun, { name, read }: ProblemCase): Promise<void> {
  const problem = read();
  const model = parseAllocation(problem);
  const budgets = await knownBudgets(problem, model, 'highs');
  const coldMs: number[] = [];
  const warmMs = budgets.map(() => Number.POSITIVE_INFINITY);
  let proven = 0;
  let greatest = 0;
  for (let pass = 0; pass <= WARM_PASSES; pass++) {
    for (const [i, budget] of budgets.entries()) {
      report.progress(`${name}, pass ${pass}`, i, budgets.length);
      const start = performance.now();
      const { metrics, optimal } = await allocate(model, { limits: budget.limits });
      const ms = performance.now() - start;
      if (pass > 0) {
        warmMs[i] = Math.min(warmMs[i], ms);
        continue;
      }
      coldMs.push(ms);
      const regret = regretOf(budget, metrics.loss);
      if (optimal && regret === 0) proven++;
      greatest = Math.max(greatest, Math.abs(regret));
    }
  }
  const met = proven === problem.budgets.length && mean(warmMs) <= MEAN_TARGET_MS;
  report.row([
    name,
    `${model.layerCount} × ${model.counts[0]}`,
    String(problem.budgets.length),
    String(proven),
    String(greatest),
    `${mean(coldMs).toFixed(1)} ms`,
    `${mean(warmMs).toFixed(1)} ms`,
    `${Math.max(...warmMs).toFixed(1)} ms`,
    `all; 0; ${MEAN_TARGET_MS} ms`,
    report.verdict(`${name}, exact`, met),
  ]);
}

function traceFronts({ report }: BenchRun, { name, read }: ProblemCase): void {
  const problem = read();
  const model = parseAllocation(problem);
  for (const { keys, count } of Object.values(problem.fronts ?? {})) {
    const start = performance.now();
    const points = allocationFront(model, keys).length;
    const ms = performance.now() - start;
    report.row([
      `${name}, ${keys.join('/')}`,
      String(points),
      count === undefined ? '' : String(count),
      `${ms.toFixed(0)} ms`,
      count === undefined ? '' : report.verdict(`${name}, front`, points === count),
    ]);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Hawq {
  resnet18: {
    n: number;
    hutchinson_trace_normalised: number[];
    delta_w8_sq: number[];
    delta_w4_sq: number[];
    params_M: number[];
    macs_M: number[];
    latency_int4_ms: number[];
    latency_int8_ms: number[];
    ties: number[][];
    published_bit_configs: Record<string, { bits: number[] }>;
  };
}

/**
 * The nine published configurations of ResNet-18: 4 or 8 bits a layer, least trace-weighted error, under a share of the
 * way from all 4 to all 8 bits of a cost.
 *
 * @see Yao et al., HAWQ-V3: Dyadic neural network quantization, ICML 2021.
 */
async function solveHawq({ report }: BenchRun, source: ProblemSource): Promise<void> {
  const file = source.readJson('hawq/hawqv3_resnet18.json') as Hawq | undefined;
  if (!file) return;
  const data = file.resnet18;
  const rows = (four: number[], eight: number[]) => four.map((value, layer) => [value, eight[layer]]);
  const scaled = (values: number[], factor: number) => values.map((value) => value * factor);
  const errors = (squares: number[]) => data.hutchinson_trace_normalised.map((trace, layer) => trace * squares[layer]);
  const problem: AllocationProblem = {
    tables: {
      loss: rows(errors(data.delta_w4_sq), errors(data.delta_w8_sq)),
      size: rows(scaled(data.params_M, 0.5), data.params_M),
      bops: rows(scaled(data.macs_M, 16e-3), scaled(data.macs_M, 64e-3)),
      latency: rows(data.latency_int4_ms, data.latency_int8_ms),
    },
    ties: data.ties,
  };
  const model = parseAllocation(problem);
  let same = 0;
  const names = ['size', 'bops', 'latency'].flatMap((metric) => [0.25, 0.5, 0.75].map((share) => ({ metric, share })));
  for (const { metric, share } of names) {
    const [least, most] = [0, 1].map((choice) => model.describe(new Array(data.n).fill(choice))[metric]);
    const { choice, optimal } = await allocate(model, { [metric]: least + share * (most - least) });
    const published = data.published_bit_configs[`${metric}_${share}`].bits;
    if (optimal && choice.every((index, layer) => (index === 0 ? 4 : 8) === published[layer])) same++;
  }
  const verdict = report.verdict('hawq', same === names.length);
  report.say(`\nHAWQ-V3's published ResNet-18: ${same} of ${names.length} configurations reproduced (${verdict}).`);
}
