import { BitbudgetError } from '../core/errors.ts';
import { seededWeights } from './seeded-weights.ts';
import type { Network, Weights } from './types.ts';

/**
 * Refuses weights that are not of a graph: every tensor has to be there with the right number of values, and no other.
 *
 * @param sourceName the file, for the message.
 * @throws {BitbudgetError} `damaged-file` naming the first tensor that does not fit.
 */
export function assertWeightsFit(graph: Network, weights: Weights, sourceName: string): void {
  const expected = seededWeights(graph, 0).weights;
  const remedy = `Give weights that were trained for ${graph.name}, with \`bitbudget train --network ${graph.name}\`.`;
  const refuse = (problem: string) => {
    throw new BitbudgetError('damaged-file', `${sourceName} does not fit ${graph.name}: ${problem}.`, remedy);
  };
  for (const [name, { length }] of expected) {
    const found = weights.get(name);
    if (!found) refuse(`tensor "${name}" is missing`);
    else if (found.length !== length) refuse(`tensor "${name}" has ${found.length} values instead of ${length}`);
    else if (!found.every(Number.isFinite)) refuse(`tensor "${name}" holds values that are not finite`);
  }
  for (const name of weights.keys()) if (!expected.has(name)) refuse(`tensor "${name}" is unknown`);
}
