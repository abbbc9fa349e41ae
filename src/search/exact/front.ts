import { BitbudgetError } from '../../core/errors.ts';
import { AllocationModel } from '../allocation/model.ts';
import { parseAllocation } from '../allocation/parse.ts';
import type { AllocationProblem } from '../allocation/schema.ts';
import { usage } from '../problem.ts';
import { buildGraph } from './graph.ts';
import { type FrontPoint, paretoLabels } from './pareto-labels.ts';

/**
 * Every non-dominated point of an additive or chained problem in two or more of its metrics, with one choice for each:
 * the whole front, exactly. Work and memory grow with the size of the front, which is not bounded by that of the problem;
 * `most` is.
 *
 * @param metrics names of two or more metrics, all minimised.
 * @param most points (at any stage) beyond which the front is given up.
 * @returns the points by ascending first metric.
 * @throws {BitbudgetError} `usage` for an unknown metric, `unsupported` where the terms between layers reach too far or
 * the front is larger than `most`.
 * @example allocationFront({ tables: { loss: [[3, 1], [2, 0]], latency: [[1, 2], [1, 2]] } }, ['loss', 'latency']).map(({ values }) => values) // => [[1, 4], [3, 3], [5, 2]]
 */
export function allocationFront(
  problem: AllocationProblem | AllocationModel,
  metrics: readonly string[],
  most = 300_000,
): FrontPoint[] {
  const model = problem instanceof AllocationModel ? problem : parseAllocation(problem);
  const indices = metrics.map((name) => {
    const index = model.metrics.indexOf(name);
    if (index < 0) throw usage(`The problem has no metric "${name}".`, `Its metrics are ${model.metrics.join(', ')}.`);
    return index;
  });
  const graph = buildGraph(
    model,
    indices.filter((metric) => metric !== 0),
  );
  const columns = indices.map((metric) =>
    metric === 0 ? 0 : indices.filter((other) => other !== 0).indexOf(metric) + 1,
  );
  const points = graph && paretoLabels(graph, columns, most);
  if (points) return points.map(({ choice }) => ({ choice, values: indices.map((k) => model.value(k, choice)) }));
  throw new BitbudgetError(
    'unsupported',
    graph
      ? `The front over ${metrics.join(', ')} has more than ${most} points.`
      : 'The terms between layers reach too far for the whole front to be built.',
    'Search it with `bitbudget search --problem FILE --objectives LIST`.',
  );
}
