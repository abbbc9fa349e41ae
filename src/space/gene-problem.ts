import type { Cost } from '../cost/types.ts';
import type { AllocationProblem } from '../search/allocation/schema.ts';
import { type GeneMetric, tabulateGenes } from './gene-tables.ts';
import type { Loss } from './price-table.ts';
import type { Pricer, SearchSpace, SpacePoint } from './space.ts';

/** An allocation problem with what its numbers mean; see docs/solve-or-search.md. */
export type GeneProblem = AllocationProblem & {
  format: 'mpa-1';
  name: string;
  kind: 'additive';
  tables: Record<string, number[][]>;
  bounds: Record<string, [number, number]>;
  budgets: { name: string; limits: Record<string, number> }[];
  layers: { name: string; choices: (string | number)[] }[];
};

/** Where budgets of the file lie between the least and the greatest value of a cost, in percent. */
const TIGHTNESS = [25, 50, 75];

/**
 * A space as an additive allocation problem, one layer a gene: what each choice adds to the loss and to the costs. Costs
 * that are no sums over the genes (such as latency beside f32 layers) are left out and named. Of each other cost there are
 * budgets at a quarter, half and three quarters of its range.
 *
 * @param metrics the costs that are wanted.
 * @returns the problem, and the names of the costs that do not add up.
 */
export function geneProblem(
  name: string,
  space: SearchSpace,
  pricer: Pricer<SpacePoint>,
  loss: Loss<SpacePoint>,
  metrics: readonly { name: string; value(cost: Cost): number }[],
): { problem: GeneProblem; leftOut: string[] } {
  const base = space.genes.map(({ choices }) => choices.length - 1);
  const { model, exact } = tabulateGenes(space, pricer, metrics as readonly GeneMetric[], base, loss);
  const kept = model.metrics.filter((metric) => exact.has(metric) || metric === 'loss');
  const tableOf = (metric: string) => model.parts.tables[model.metrics.indexOf(metric)]!.map((row) => [...row]);
  const tables = Object.fromEntries(kept.map((metric) => [metric, tableOf(metric)]));
  const bounds = Object.fromEntries(
    kept.map((metric): [string, [number, number]] => {
      const sum = (pick: (...row: number[]) => number) =>
        tables[metric].reduce((total, row) => total + pick(...row), 0);
      return [metric, [sum(Math.min), sum(Math.max)]];
    }),
  );
  const budgets = kept.slice(1).flatMap((metric) =>
    TIGHTNESS.map((percent) => {
      const [low, high] = bounds[metric];
      return { name: `${metric}_${percent}`, limits: { [metric]: low + ((high - low) * percent) / 100 } };
    }),
  );
  const layers = space.genes.map((gene) => ({ name: gene.name, choices: [...gene.choices] }));
  const problem: GeneProblem = { format: 'mpa-1', name, kind: 'additive', layers, tables, bounds, budgets };
  return { problem, leftOut: model.metrics.filter((metric) => !kept.includes(metric)) };
}
