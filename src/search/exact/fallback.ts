import type { AllocationModel } from '../allocation/model.ts';
import { buildGraph } from './graph.ts';
import { solveWithHighs } from './highs.ts';
import type { ExactResult, Limit } from './solve.ts';

/** Relative tolerances of the general solver, generously. */
const SLACK = 1e-6;

/**
 * Goes on with HiGHS from what label setting found before it ran out of room. That solver works to tolerances, so only
 * of whole losses does its proof count as one (the next better loss is a whole step away); of others it gives a bound.
 */
export async function finishWithHighs(
  model: AllocationModel,
  limits: readonly Limit[],
  found: ExactResult,
): Promise<ExactResult> {
  const graph = buildGraph(
    model,
    limits.map(({ metric }) => metric),
  );
  const ceilings = limits.map(({ ceiling }) => ceiling);
  const general = graph && (await solveWithHighs(graph, ceilings));
  if (!general) return found;
  if (limits.some(({ metric, ceiling }) => model.value(metric, general.choice) > ceiling)) return found;
  const loss = model.value(0, general.choice);
  const best = found.choice && found.loss <= loss ? found : { choice: general.choice, loss };
  const slack = SLACK * Math.max(1, Math.abs(loss));
  if (!general.proven) return { ...found, choice: best.choice, loss: best.loss };
  const optimal = model.tolerance === 0 && slack < 0.5;
  const lowerBound = optimal ? best.loss : Math.max(found.lowerBound, loss - slack);
  return { choice: best.choice, loss: best.loss, lowerBound, optimal };
}
