import type { StageGraph } from './graph.ts';

/**
 * The cheapest way from each state to the end (or from the start to each state), for one weighting of an arc's values.
 * States are numbered through all stages, `offsets[stage] + state`.
 */
export class Potentials {
  readonly graph: StageGraph;
  readonly offsets: readonly number[];

  constructor(graph: StageGraph) {
    this.graph = graph;
    const offsets = [0];
    for (const count of graph.states) offsets.push(offsets[offsets.length - 1] + count);
    this.offsets = offsets;
  }

  /** For each state the least weighted sum of the arcs from there to the end. */
  toEnd(weights: ArrayLike<number>): Float64Array {
    const { graph, offsets } = this;
    const potential = new Float64Array(offsets[offsets.length - 1]).fill(Number.POSITIVE_INFINITY);
    potential[offsets[graph.stages.length]] = 0;
    for (let s = graph.stages.length - 1; s >= 0; s--) {
      const { from, to, values } = graph.stages[s];
      for (let arc = 0; arc < from.length; arc++) {
        const sum = weigh(values, arc, weights) + potential[offsets[s + 1] + to[arc]];
        if (sum < potential[offsets[s] + from[arc]]) potential[offsets[s] + from[arc]] = sum;
      }
    }
    return potential;
  }

  /** For each state the least weighted sum of the arcs from the start to there. */
  fromStart(weights: ArrayLike<number>): Float64Array {
    const { graph, offsets } = this;
    const potential = new Float64Array(offsets[offsets.length - 1]).fill(Number.POSITIVE_INFINITY);
    potential[0] = 0;
    graph.stages.forEach(({ from, to, values }, s) => {
      for (let arc = 0; arc < from.length; arc++) {
        const sum = weigh(values, arc, weights) + potential[offsets[s] + from[arc]];
        if (sum < potential[offsets[s + 1] + to[arc]]) potential[offsets[s + 1] + to[arc]] = sum;
      }
    });
    return potential;
  }

  /** The choice of the path that `toEnd` measured, and the values along it. */
  follow(weights: ArrayLike<number>, potential: Float64Array): { choice: Int32Array; totals: Float64Array } {
    const { graph, offsets } = this;
    const choice = new Int32Array(graph.layerCount);
    const totals = new Float64Array(graph.width);
    let state = 0;
    graph.stages.forEach((stage, s) => {
      let best = -1;
      let least = Number.POSITIVE_INFINITY;
      for (let arc = stage.first[state]; arc < stage.first[state + 1]; arc++) {
        const sum = weigh(stage.values, arc, weights) + potential[offsets[s + 1] + stage.to[arc]];
        if (sum < least || best < 0) [best, least] = [arc, sum];
      }
      for (const layer of stage.layers) choice[layer] = stage.choice[best];
      for (let k = 0; k < graph.width; k++) totals[k] += stage.values[best * graph.width + k];
      state = stage.to[best];
    });
    return { choice, totals };
  }
}

/** Σ weights · values of one arc. */
export function weigh(values: Float64Array, arc: number, weights: ArrayLike<number>): number {
  const width = weights.length;
  let sum = 0;
  for (let k = 0, at = arc * width; k < width; k++, at++) sum += weights[k] * values[at];
  return sum;
}

/** The graph without the arcs that `keep` refuses. */
export function thinned(graph: StageGraph, keep: (stage: number, arc: number) => boolean): StageGraph {
  const stages = graph.stages.map((stage, s) => {
    const kept: number[] = [];
    const first = new Int32Array(stage.first.length);
    for (let state = 0; state + 1 < stage.first.length; state++) {
      for (let arc = stage.first[state]; arc < stage.first[state + 1]; arc++) if (keep(s, arc)) kept.push(arc);
      first[state + 1] = kept.length;
    }
    const values = new Float64Array(kept.length * graph.width);
    kept.forEach((arc, i) => {
      values.set(stage.values.subarray(arc * graph.width, (arc + 1) * graph.width), i * graph.width);
    });
    const pick = (column: Int32Array) => Int32Array.from(kept, (arc) => column[arc]);
    return { ...stage, from: pick(stage.from), to: pick(stage.to), choice: pick(stage.choice), values, first };
  });
  return { ...graph, stages };
}
