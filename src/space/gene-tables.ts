import { Random } from '../core/random.ts';
import type { Cost } from '../cost/types.ts';
import { AllocationModel } from '../search/index.ts';
import { type BudgetName, type Budgets, budgetEntries, budgetedValue, budgetName, splitBudgetName } from './budget.ts';
import { smallest } from './extremes.ts';
import type { Loss } from './price-table.ts';
import { choiceCounts, type Pricer, type Space } from './space.ts';

/** A number of a cost that is limited, minimised or both. */
export interface GeneMetric {
  readonly name: string;
  value(cost: Cost): number;
  readonly limit?: number;
}

/** The metrics of a space as an allocation problem: one layer a gene, `loss` first. */
export interface GeneTables {
  readonly model: AllocationModel;
  /** As given; a limited maximum is replaced by its relative excess, which adds up where it matters: at 0. */
  readonly metrics: readonly GeneMetric[];
  readonly limits: Readonly<Record<string, number>>;
  /** Names of the metrics, and `loss`, that are the sums of their tables as far as random candidates tell. */
  readonly exact: ReadonlySet<string>;
}

/** Random candidates that must cost what the tables say before the tables count as the truth. */
const CHECKED = 64;
/** Relative difference that rounding explains. */
const ROUNDING = 1e-9;
const PER_DEVICE = ['latencyMs', 'energyMj', 'ramBytes'];

/**
 * The metrics that budgets limit. A budget that holds on all of several devices is one metric a device, for a sum of
 * layers is exact on each and their maximum is none.
 *
 * @param sample the cost of any candidate.
 */
export function budgetMetrics(sample: Cost, budgets: Budgets, confidence = 0): GeneMetric[] {
  const limits = new Map<BudgetName, number>();
  for (const [name, limit] of budgetEntries(budgets)) {
    const { metric, device } = splitBudgetName(name);
    const spread = device === undefined && sample.byDevice && PER_DEVICE.includes(metric);
    const names = spread ? Object.keys(sample.byDevice!).map((own) => budgetName(metric, own)) : [name];
    for (const own of names) limits.set(own, Math.min(limit, limits.get(own) ?? Number.POSITIVE_INFINITY));
  }
  return [...limits].map(([name, limit]) => ({
    name,
    limit,
    value: (cost) => budgetedValue(cost, name, confidence),
  }));
}

/**
 * Tabulates what each choice of each gene adds, and finds out of which metrics that is the whole truth.
 *
 * @param base the candidate around which the tables of what does not add up are right.
 * @param loss of the candidates; without it the loss is 0 everywhere.
 */
export function tabulateGenes<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  metrics: readonly GeneMetric[],
  base: readonly number[],
  loss: Loss<Point> = () => 0,
): GeneTables {
  const counts = choiceCounts(space);
  const valuesOf = (genome: readonly number[]): number[] => {
    const point = space.decode(genome);
    const cost = pricer.estimate(point);
    return [loss(point), ...metrics.map((metric) => metric.value(cost))];
  };
  const tables = sumTables(counts, base, valuesOf);
  const random = new Random(1);
  const checks = Array.from({ length: CHECKED }, () => {
    const genome = counts.map((count) => random.below(count));
    return { genome, values: valuesOf(genome) };
  });
  const isSum = (k: number) =>
    checks.every(({ genome, values }) => {
      const sum = genome.reduce((total, choice, gene) => total + tables[k][gene][choice], 0);
      return Math.abs(sum - values[k]) <= ROUNDING * Math.abs(values[k]);
    });
  const names = ['loss', ...metrics.map(({ name }) => name)];
  const exact = new Set(names.filter((_, k) => isSum(k)));
  const limits: Record<string, number> = {};
  const replaced = metrics.map((metric, m): GeneMetric => {
    const { name, limit } = metric;
    if (limit === undefined) return metric;
    limits[name] = limit;
    if (exact.has(name)) return metric;
    const rows = maximumTable(space, pricer, { ...metric, limit });
    const isMaximum = checks.every(({ genome, values }) => {
      const largest = genome.reduce((most, choice, gene) => Math.max(most, rows[gene][choice]), 0);
      return Math.abs(largest - values[m + 1]) <= ROUNDING * values[m + 1];
    });
    if (!isMaximum) return metric;
    const excess = (value: number) => Math.max(0, value / limit - 1);
    tables[m + 1] = rows.map((row) => row.map(excess));
    limits[name] = 0;
    exact.add(name);
    return { name, limit: 0, value: (cost) => excess(metric.value(cost)) };
  });
  const absent = names.map(() => undefined);
  const parts = { name: 'genes', metrics: names, tables, chains: absent, pairs: [], blocks: [], ties: [] };
  return { model: new AllocationModel({ ...parts, budgets: [], bounds: {} }), metrics: replaced, limits, exact };
}

/** [value][gene][choice], the base's own values charged to the first gene. */
function sumTables(
  counts: readonly number[],
  base: readonly number[],
  valuesOf: (genome: readonly number[]) => number[],
): number[][][] {
  const start = valuesOf(base);
  const tables = start.map(() => counts.map((count) => new Array<number>(count).fill(0)));
  for (const [gene, count] of counts.entries()) {
    for (let choice = 0; choice < count; choice++) {
      const values = choice === base[gene] ? start : valuesOf(base.with(gene, choice));
      values.forEach((value, k) => {
        tables[k][gene][choice] = value - (gene === 0 ? 0 : start[k]);
      });
    }
  }
  return tables;
}

/** [gene][choice]: the metric where only that gene is raised above the least. If it is a maximum over genes, this tells all. */
function maximumTable<Point>(
  space: Space<Point>,
  pricer: Pricer<Point>,
  { name, value }: GeneMetric & { limit: number },
): number[][] {
  const { genome } = smallest(space, pricer, name as BudgetName);
  return choiceCounts(space).map((count, gene) =>
    Array.from({ length: count }, (_, choice) => value(pricer.estimate(space.decode(genome.with(gene, choice))))),
  );
}
