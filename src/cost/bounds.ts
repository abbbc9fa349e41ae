import type { Scheme } from '../quant/scheme.ts';
import { metricValue } from './metric-values.ts';
import type { CostMetric, CostModel } from './types.ts';

/** The ends of what a metric can reach, with candidates that reach them. */
export interface CostBound {
  low: number;
  high: number;
  lowSchemes: Scheme[];
  highSchemes: Scheme[];
}

/** Uniform candidates that a descent starts from, the best ones of all. */
const STARTS = 2;
/** Every sweep but the last improves the value; two or three are enough in practice. */
const MAXIMUM_SWEEPS = 20;

/**
 * The smallest and largest value of a metric over all choices of schemes, found by changing one layer at a time until
 * nothing improves. Both ends are reached by the candidates given. They are exact for metrics that add up over layers,
 * as all but RAM do as long as no layer may be f32; otherwise they are the best found, since an f32 layer changes what
 * its neighbours cost.
 *
 * @param choices for each of `model.layers`, the schemes that it may take, at least one.
 * @throws {BitbudgetError} `missing-entry` if the table lacks an entry for one of the choices.
 */
export function costBounds(model: CostModel, choices: readonly (readonly Scheme[])[], metric: CostMetric): CostBound {
  const low = extreme(model, choices, metric, 1);
  const high = extreme(model, choices, metric, -1);
  return { low: low.value, high: high.value, lowSchemes: low.schemes, highSchemes: high.schemes };
}

interface Extreme {
  value: number;
  schemes: Scheme[];
}

function extreme(model: CostModel, choices: readonly (readonly Scheme[])[], metric: CostMetric, sign: 1 | -1): Extreme {
  const price = (schemes: Scheme[]): Extreme => ({ schemes, value: metricValue(model.estimate(schemes), metric) });
  const known = new Set(choices.flat());
  const uniform = [...known].map((scheme) => price(choices.map((own) => (own.includes(scheme) ? scheme : own[0]))));
  uniform.sort((a, b) => sign * (a.value - b.value));
  const reached = uniform.slice(0, STARTS).map((start) => descend(start, choices, price, sign));
  return reached.reduce((best, other) => (sign * (other.value - best.value) < 0 ? other : best));
}

function descend(
  start: Extreme,
  choices: readonly (readonly Scheme[])[],
  price: (schemes: Scheme[]) => Extreme,
  sign: 1 | -1,
): Extreme {
  let best = start;
  for (let sweep = 0; sweep < MAXIMUM_SWEEPS; sweep++) {
    const before = best;
    for (const [layer, own] of choices.entries()) {
      for (const scheme of own) {
        if (scheme === best.schemes[layer]) continue;
        const other = price(best.schemes.with(layer, scheme));
        if (sign * (other.value - best.value) < 0) best = other;
      }
    }
    if (best === before) break;
  }
  return best;
}
