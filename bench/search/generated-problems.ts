import { Random } from '../../src/core/random.ts';
import { summarize } from '../../src/network/summary.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import type { BenchProblem } from './problems.ts';

export interface GeneratedSettings {
  /** Its layers but, of a residual one, the first and the last. */
  network: 'resnet20-a' | 'mobilenet-v2';
  /** `tight`: what a choice costs is nearly what it gains. `chain`: costs fall with the channels that the layer before keeps. */
  kind: 'additive' | 'tight' | 'chain';
  seed: number;
}

const BITS = [2, 4, 8];
const KEEPS = [0.5, 0.75, 1];
/** Shares of the way from the least to the most that a metric can be. */
const TIGHTNESS = [0.1, 0.25, 0.5];
const METRICS = ['latency', 'energy', 'size'];

interface Shape {
  macs: number;
  parameters: number;
}

/**
 * A made-up allocation problem over the layers of a real network: nine choices a layer, 2, 4 or 8 bits for weights and for
 * activations (and three shares of channels, where it is a chain); whole numbers throughout.
 */
export function generatedProblem(name: string, { network, kind, seed }: GeneratedSettings): BenchProblem {
  const random = new Random(seed);
  const layers = summarize(zooNetwork(network)).layers.filter(({ macs, parameters }) => macs > 0 && parameters > 0);
  const shapes = network === 'mobilenet-v2' ? layers : layers.slice(1, -1);
  const jitter = (spread: number) => 1 - spread + 2 * spread * random.real();
  const bits = BITS.flatMap((weights) => BITS.map((activations) => ({ weights, activations })));
  const costs = shapes.map((shape) => bits.map((one) => costOf(shape, one, kind === 'tight' ? 0 : 0.1, jitter)));
  const loss = shapes.map((_, layer) => {
    if (kind === 'tight') return costs[layer].map(([latency]) => Math.round(4000 - latency * 0.8 + 100 * jitter(1)));
    const sensitivity = 60_000 * jitter(0.8);
    return bits.map(({ weights, activations }) =>
      Math.round(sensitivity * (4 ** (2 - weights) + 0.6 * 4 ** (2 - activations)) * jitter(0.2)),
    );
  });
  const tables: BenchProblem['tables'] = { loss };
  const columns = METRICS.map((_, k) => costs.map((row) => row.map((values) => values[k])));
  const made: BenchProblem = {
    name,
    tables,
    layers: shapes.map((_, i) => ({ block: i >> 1 })),
    budgets: [],
    bounds: {},
  };
  if (kind === 'chain') {
    made.tables.loss = loss.map((row) =>
      row.flatMap((value) => KEEPS.map((keep) => Math.round(value + 50_000 * (1 - keep) * jitter(0.5)))),
    );
    made.chain_tables = Object.fromEntries(METRICS.map((metric, k) => [metric, columns[k].map(chained)]));
  } else {
    METRICS.forEach((metric, k) => {
      tables[metric] = columns[k];
    });
  }
  return withBudgets(made);
}

/** Latency, energy and size of a layer at these bits, in made-up units. */
function costOf(
  { macs, parameters }: Shape,
  { weights, activations }: { weights: number; activations: number },
  spread: number,
  jitter: (spread: number) => number,
): number[] {
  const work = Math.sqrt(macs);
  return [
    Math.ceil(work * (Math.max(weights, activations) / 8 + 0.1) * jitter(spread)),
    Math.ceil(work * ((weights * activations) / 64 + 0.1) * jitter(spread)),
    Math.ceil((parameters * weights) / 8),
  ];
}

/** A row of costs for each share that the layer before keeps: less comes in, and less goes out. */
function chained(row: readonly number[]): number[][] {
  return KEEPS.map((before) => row.flatMap((value) => KEEPS.map((keep) => Math.ceil(value * before * keep))));
}

/** One budget a metric and tightness, and one of all metrics together a tightness. */
function withBudgets(problem: BenchProblem): BenchProblem {
  const chains: Record<string, number[][][]> = problem.chain_tables ?? {};
  const extremes = (metric: string) => {
    const rows = problem.tables[metric] ?? chains[metric].map((byKeep) => byKeep.flat());
    const total = (pick: (row: number[]) => number) => rows.reduce((sum, row) => sum + pick([...row]), 0);
    return [total((row) => Math.min(...row)), total((row) => Math.max(...row))] as [number, number];
  };
  const bounds = Object.fromEntries(['loss', ...METRICS].map((metric) => [metric, extremes(metric)]));
  const limit = (metric: string, share: number) =>
    Math.floor(bounds[metric][0] + share * (bounds[metric][1] - bounds[metric][0]));
  const budgets = TIGHTNESS.flatMap((share) => {
    const name = (what: string) => `${what}_${share * 100}`;
    const single = METRICS.map((metric) => ({ name: name(metric), limits: { [metric]: limit(metric, share) } }));
    const joint = Object.fromEntries(METRICS.map((metric) => [metric, limit(metric, share * 1.2)]));
    return [...single, { name: name('all'), limits: joint }];
  });
  const fronts = { loss_latency: { keys: ['loss', 'latency'] } };
  return { ...problem, bounds, fronts, budgets };
}

/**
 * An additive problem made to saturate: the losses of each block of layers count as cap·s/(cap + s) with a cap at random
 * around a third of the block's greatest sum, and neighbouring layers have a joint loss, the product of their own.
 */
export function saturating(problem: BenchProblem, seed: number): BenchProblem {
  const random = new Random(seed);
  const { loss } = problem.tables;
  const blocks = new Map<number, number[]>();
  problem.layers.forEach(({ block }, layer) => {
    blocks.set(block, [...(blocks.get(block) ?? []), layer]);
  });
  const most = (layer: number) => Math.max(...loss[layer]);
  const loss_blocks = [...blocks.values()].map((layers) => ({
    layers,
    cap: layers.reduce((sum, layer) => sum + most(layer), 0) * (0.15 + 0.4 * random.real()),
  }));
  const loss_pairs = loss.slice(1).map((row, i) => {
    const strength = (0.2 * random.real()) / Math.max(most(i), most(i + 1), 1);
    return { i, j: i + 1, table: loss[i].map((a) => row.map((b) => a * b * strength)) };
  });
  const budgets = problem.budgets.map(({ name, limits }) => ({ name, limits }));
  return { ...problem, name: `sat_of_${problem.name}`, loss_blocks, loss_pairs, budgets };
}

/**
 * An additive problem with joint losses of both signs: each layer and the next, and the one after that, amplify each other
 * or make up for each other, in proportion to the losses of both.
 */
export function withPairsOfBothSigns(problem: BenchProblem, seed: number): BenchProblem {
  const random = new Random(seed);
  const { loss } = problem.tables;
  const loss_pairs = loss.flatMap((row, i) =>
    [i + 1, i + 2]
      .filter((j) => j < loss.length)
      .map((j) => {
        const strength = 0.3 * (2 * random.real() - 1);
        const joint = (a: number, b: number) => Math.round(Math.sqrt(a * b) * strength * (0.5 + random.real()));
        return { i, j, table: row.map((a) => loss[j].map((b) => joint(a, b))) };
      }),
  );
  const budgets = problem.budgets.map(({ name, limits }) => ({ name, limits }));
  return { ...problem, name: `pairs_of_${problem.name}`, loss_pairs, budgets };
}
