import { DominanceFilter } from './dominance.ts';
import type { Stage, StageGraph } from './graph.ts';

/** A point of a front: its values in the metrics asked for, and a choice that has them. */
export interface FrontPoint {
  choice: number[];
  values: number[];
}

/** Labels of one stage: values, and where each came from. */
interface Layer {
  values: Float64Array;
  parents: Int32Array;
  arcs: Int32Array;
  /** The first label of each state, and one more at the end. */
  first: Int32Array;
}

/**
 * All non-dominated paths in some columns of a graph's values; undefined where more than `most` of them live at a stage.
 *
 * @param columns which values of an arc count, in the order of comparison.
 */
export function paretoLabels(graph: StageGraph, columns: readonly number[], most: number): FrontPoint[] | undefined {
  const width = columns.length;
  const layers: Layer[] = [
    {
      values: new Float64Array(width),
      parents: Int32Array.of(-1),
      arcs: Int32Array.of(-1),
      first: Int32Array.of(0, 1),
    },
  ];
  for (let s = 0; s < graph.stages.length; s++) {
    const next = advance(graph, s, layers[s], columns, most);
    if (!next) return undefined;
    if (s > 0) layers[s] = { ...layers[s], values: new Float64Array(0) };
    layers.push(next);
  }
  const { values, parents } = layers[graph.stages.length];
  return Array.from(parents, (_, label) => ({
    choice: trace(graph, layers, label),
    values: Array.from(values.subarray(label * width, (label + 1) * width)),
  }));
}

function advance(
  graph: StageGraph,
  s: number,
  source: Layer,
  columns: readonly number[],
  most: number,
): Layer | undefined {
  const width = columns.length;
  const stage = graph.stages[s];
  const arcsInto: number[][] = Array.from({ length: graph.states[s + 1] }, () => []);
  for (let arc = 0; arc < stage.to.length; arc++) arcsInto[stage.to[arc]].push(arc);
  const filter = new DominanceFilter(width - 1);
  const kept: { values: number[]; parents: number[]; arcs: number[] } = { values: [], parents: [], arcs: [] };
  const first = new Int32Array(graph.states[s + 1] + 1);
  for (const [state, arcs] of arcsInto.entries()) {
    const candidates = continuations(source, stage, graph.width, columns, arcs);
    filter.reset();
    for (const i of candidates.order) {
      if (!filter.admit(candidates.values, i * width + 1)) continue;
      for (let k = 0; k < width; k++) kept.values.push(candidates.values[i * width + k]);
      kept.parents.push(candidates.parents[i]);
      kept.arcs.push(candidates.arcs[i]);
    }
    first[state + 1] = kept.parents.length;
    if (kept.parents.length > most) return undefined;
  }
  const { values, parents, arcs } = kept;
  return { values: Float64Array.from(values), parents: Int32Array.from(parents), arcs: Int32Array.from(arcs), first };
}

/** Every label that reaches one state, and the lexicographic order of their values. */
function continuations(
  source: Layer,
  stage: Stage,
  arcWidth: number,
  columns: readonly number[],
  into: readonly number[],
) {
  const width = columns.length;
  const count = into.reduce((sum, arc) => sum + source.first[stage.from[arc] + 1] - source.first[stage.from[arc]], 0);
  const values = new Float64Array(count * width);
  const parents = new Int32Array(count);
  const arcs = new Int32Array(count);
  let size = 0;
  for (const arc of into) {
    const end = source.first[stage.from[arc] + 1];
    for (let label = source.first[stage.from[arc]]; label < end; label++, size++) {
      for (let k = 0; k < width; k++) {
        values[size * width + k] = source.values[label * width + k] + stage.values[arc * arcWidth + columns[k]];
      }
      parents[size] = label;
      arcs[size] = arc;
    }
  }
  const order = Int32Array.from({ length: count }, (_, i) => i).sort((a, b) => {
    for (let k = 0; k < width; k++) {
      const difference = values[a * width + k] - values[b * width + k];
      if (difference !== 0) return difference;
    }
    return 0;
  });
  return { values, parents, arcs, order };
}

function trace(graph: StageGraph, layers: readonly Layer[], last: number): number[] {
  const choice = new Array<number>(graph.layerCount).fill(0);
  let label = last;
  for (let s = graph.stages.length; s > 0; s--) {
    const stage = graph.stages[s - 1];
    const arc = layers[s].arcs[label];
    for (const layer of stage.layers) choice[layer] = stage.choice[arc];
    label = layers[s].parents[label];
  }
  return choice;
}
