import { Random } from '../../../src/core/random.ts';
import { type AllocationModel, type AllocationProblem, parseAllocation } from '../../../src/search/index.ts';

export interface CaseOptions {
  layers: number;
  choices: number;
  metrics: string[];
  seed: number;
  /** Tables of real numbers instead of whole ones. */
  real?: boolean;
  kind?: 'additive' | 'chain' | 'pairs' | 'blocks';
  ties?: number[][];
}

/** A random problem in which a lower loss tends to cost more. */
export function randomProblem({ layers, choices, metrics, seed, real, kind = 'additive', ties }: CaseOptions) {
  const random = new Random(seed);
  const number = (most: number) => (real ? random.real() * most : random.below(most));
  const table = (rising: boolean) =>
    Array.from({ length: layers }, () => {
      const scale = 1 + random.below(20);
      const row = Array.from({ length: choices }, () => number(40) * scale);
      return row.sort((a, b) => (rising ? a - b : b - a)).map((value) => value + number(10 * scale));
    });
  const problem: AllocationProblem = { tables: { loss: table(false) }, ...(ties && { ties }) };
  for (const name of metrics) {
    if (kind === 'chain') {
      problem.chain_tables ??= {};
      const base = table(true);
      problem.chain_tables[name] = base.map((row) => [0.5, 0.75, 1].map((keep) => row.map((v) => Math.ceil(v * keep))));
    } else {
      problem.tables[name] = table(true);
    }
  }
  const square = () => Array.from({ length: choices }, () => Array.from({ length: choices }, () => number(60)));
  if (kind === 'pairs') {
    const pairs = Array.from({ length: layers - 1 }, (_, i) => ({ i: i + 1, j: i, table: square() }));
    problem.loss_pairs = pairs;
    problem[`${metrics[0]}_pairs`] = [{ i: 0, j: 2, table: square() }];
  }
  if (kind === 'blocks') {
    const starts = Array.from({ length: Math.ceil(layers / 2) }, (_, b) => 2 * b);
    problem.loss_blocks = starts.map((start) => ({
      layers: [start, start + 1].filter((layer) => layer < layers),
      cap: 50 + random.below(500),
    }));
  }
  return problem;
}

/** Every choice that keeps the ties, with its metrics. */
export function enumerate(problem: AllocationProblem): { choice: number[]; values: number[] }[] {
  const model: AllocationModel = parseAllocation(problem);
  const all: { choice: number[]; values: number[] }[] = [];
  const choice = new Array<number>(model.layerCount).fill(0);
  for (;;) {
    if (model.keepsTies(choice)) all.push({ choice: [...choice], values: model.evaluate(choice) });
    let layer = 0;
    while (layer < choice.length && ++choice[layer] === model.counts[layer]) choice[layer++] = 0;
    if (layer === choice.length) return all;
  }
}

/** Limits between the smallest and the largest value of each metric. */
export function limitsAt(problem: AllocationProblem, share: number): Record<string, number> {
  const model = parseAllocation(problem);
  const limits: Record<string, number> = {};
  for (const [metric, name] of model.metrics.entries()) {
    if (metric === 0) continue;
    const values = enumerate(problem).map((point) => point.values[metric]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    limits[name] = low + share * (high - low);
  }
  return limits;
}
