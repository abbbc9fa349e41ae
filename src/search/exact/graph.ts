import { type AllocationModel, saturate } from '../allocation/model.ts';

/**
 * A problem as paths through stages: each stage decides one layer (or tied layers), each state holds what later terms
 * must know of earlier choices (nothing, where the problem is additive), and each arc is a choice with its values.
 */
export interface StageGraph {
  /** Values of an arc: the loss, then the limited metrics. */
  readonly width: number;
  readonly stages: readonly Stage[];
  /** States before each stage, and after the last: `states[0]` and the last are 1. */
  readonly states: readonly number[];
  readonly layerCount: number;
}

/** The arcs of one stage, by the state that they leave. */
export interface Stage {
  /** Layers that an arc's choice is for. */
  readonly layers: readonly number[];
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly choice: Int32Array;
  /** `width` numbers an arc. */
  readonly values: Float64Array;
  /** `first[s]` is the first arc that leaves state s; one more at the end. */
  readonly first: Int32Array;
}

/** Above this the graph is no help: a problem with so many open layers is none for dynamic programming. */
const MOST_ARCS = 400_000;

/**
 * Builds the graph over the loss and some metrics (by index), or undefined where the terms between layers reach so far
 * that it would have too many arcs.
 */
export function buildGraph(model: AllocationModel, metrics: readonly number[]): StageGraph | undefined {
  const columns = [0, ...metrics];
  const { chains, pairs, blocks } = model.parts;
  const coupled =
    (blocks.length > 0 && columns.includes(0)) ||
    columns.some((metric) => chains[metric]) ||
    pairs.some(({ metric }) => columns.includes(metric));
  return coupled ? new GraphBuilder(model, columns).build() : additiveGraph(model, columns);
}

/** One stage a layer or tied group, the widest first: what is left to decide then hardly moves the bound. */
function additiveGraph(model: AllocationModel, columns: readonly number[]): StageGraph {
  const tied = new Set(model.parts.ties.flat());
  const groups = [...model.parts.ties, ...model.counts.flatMap((_, layer) => (tied.has(layer) ? [] : [[layer]]))];
  const width = columns.length;
  const stages = groups.map((layers): Stage => {
    const count = model.counts[layers[0]];
    const values = new Float64Array(count * width);
    for (let choice = 0; choice < count; choice++) {
      columns.forEach((metric, column) => {
        for (const layer of layers) values[choice * width + column] += model.parts.tables[metric]?.[layer][choice] ?? 0;
      });
    }
    const nothing = new Int32Array(count);
    const choice = Int32Array.from({ length: count }, (_, c) => c);
    return { layers, from: nothing, to: nothing, choice, values, first: Int32Array.of(0, count) };
  });
  const spreads = stages.map(({ values }) => spreadsOf(values, width));
  const totals = spreads.reduce((sum, own) => sum.map((value, k) => value + own[k]));
  // By the limited metrics; by the loss where none is limited.
  const from = width > 1 ? 1 : 0;
  const weights = spreads.map((own) =>
    own.slice(from).reduce((sum, value, k) => sum + value / (totals[from + k] || 1), 0),
  );
  const order = stages.map((_, s) => s).sort((a, b) => weights[b] - weights[a] || a - b);
  const sorted = order.map((s) => stages[s]);
  return { width, stages: sorted, states: new Array(stages.length + 1).fill(1), layerCount: model.layerCount };
}

/** Range of each of an arc's values over a stage. */
function spreadsOf(values: Float64Array, width: number): number[] {
  return Array.from({ length: width }, (_, k) => {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let at = k; at < values.length; at += width) {
      low = Math.min(low, values[at]);
      high = Math.max(high, values[at]);
    }
    return high - low;
  });
}

/** What must be remembered of a layer after its stage. */
interface Memory {
  layer: number;
  /** The last stage that asks. */
  until: number;
  /** Remembered modulo this; the choice count itself where all of it matters. */
  modulo: number;
}

class GraphBuilder {
  private readonly model: AllocationModel;
  private readonly columns: readonly number[];
  private readonly memories: Memory[];
  private readonly tieOf = new Map<number, number>();

  constructor(model: AllocationModel, columns: readonly number[]) {
    this.model = model;
    this.columns = columns;
    for (const tie of model.parts.ties) for (const layer of tie.slice(1)) this.tieOf.set(layer, tie[0]);
    this.memories = model.counts.map((_, layer) => this.memoryOf(layer));
  }

  build(): StageGraph | undefined {
    const { model } = this;
    const stages: Stage[] = [];
    const states = [1];
    // A state is the remembered values of the open layers, in layer order.
    let current: number[][] = [[]];
    let open: Memory[] = [];
    let arcs = 0;
    for (let layer = 0; layer < model.layerCount; layer++) {
      const next = [...open, this.memories[layer]].filter(({ until }) => until > layer);
      const built = this.stage(layer, open, next, current);
      arcs += built.stage.choice.length;
      if (
        arcs > MOST_ARCS ||
        built.states.length * model.counts[Math.min(layer + 1, model.layerCount - 1)] > MOST_ARCS
      ) {
        return undefined;
      }
      stages.push(built.stage);
      current = built.states;
      open = next;
      states.push(current.length);
    }
    return { width: this.columns.length, stages, states, layerCount: model.layerCount };
  }

  private memoryOf(layer: number): Memory {
    const { model, columns } = this;
    const count = model.counts[layer];
    let until = layer;
    let whole = false;
    let modulo = 1;
    for (const metric of columns) {
      const rows = model.parts.chains[metric]?.[layer + 1]?.length ?? 1;
      if (rows === 1) continue;
      until = Math.max(until, layer + 1);
      // Two metrics with different rows: the choice itself answers both.
      if (modulo !== 1 && modulo !== rows) whole = true;
      modulo = rows;
    }
    const ask = (stage: number) => {
      if (stage <= layer) return;
      until = Math.max(until, stage);
      whole = true;
    };
    for (const { metric, i, j } of model.parts.pairs) if (i === layer && columns.includes(metric)) ask(j);
    for (const { layers } of model.parts.blocks) if (layers.includes(layer)) ask(Math.max(...layers));
    for (const tie of model.parts.ties) if (tie[0] === layer) ask(tie[tie.length - 1]);
    return { layer, until, modulo: whole ? count : Math.min(modulo, count) };
  }

  private stage(
    layer: number,
    open: readonly Memory[],
    next: readonly Memory[],
    current: readonly number[][],
  ): { stage: Stage; states: number[][] } {
    const { model, columns } = this;
    const ids = new Map<string, number>();
    const states: number[][] = [];
    const rows: { from: number[]; to: number[]; choice: number[]; values: number[] } = {
      from: [],
      to: [],
      choice: [],
      values: [],
    };
    const first = [0];
    const known = new Int32Array(model.layerCount).fill(-1);
    const tie = this.tieOf.get(layer);
    current.forEach((state, from) => {
      open.forEach((memory, k) => {
        known[memory.layer] = state[k];
      });
      for (let choice = 0; choice < model.counts[layer]; choice++) {
        if (rows.choice.length > MOST_ARCS) break;
        if (tie !== undefined && known[tie] !== choice) continue;
        known[layer] = choice;
        const reached = next.map((memory) => known[memory.layer] % memory.modulo);
        const key = reached.join();
        let to = ids.get(key);
        if (to === undefined) {
          to = states.push(reached) - 1;
          ids.set(key, to);
        }
        rows.from.push(from);
        rows.to.push(to);
        rows.choice.push(choice);
        for (const metric of columns) rows.values.push(this.added(metric, layer, known));
      }
      first.push(rows.choice.length);
    });
    const stage: Stage = {
      layers: [layer],
      from: Int32Array.from(rows.from),
      to: Int32Array.from(rows.to),
      choice: Int32Array.from(rows.choice),
      values: Float64Array.from(rows.values),
      first: Int32Array.from(first),
    };
    return { stage, states };
  }

  /** What deciding a layer adds to a metric: all terms of which it is the last layer. */
  private added(metric: number, layer: number, known: Int32Array): number {
    const { tables, chains, pairs, blocks } = this.model.parts;
    const choice = known[layer];
    const table = tables[metric];
    let sum = 0;
    if (table && metric === 0 && blocks.length > 0) {
      for (const { layers, cap } of blocks) {
        if (Math.max(...layers) !== layer) continue;
        sum += saturate(
          layers.reduce((s, member) => s + table[member][known[member]], 0),
          cap,
        );
      }
    } else if (table) {
      sum += table[layer][choice];
    }
    const rows = chains[metric]?.[layer];
    if (rows) sum += rows[layer === 0 ? rows.length - 1 : known[layer - 1] % rows.length][choice];
    for (const pair of pairs) {
      if (pair.metric === metric && pair.j === layer) sum += pair.table[known[pair.i]][choice];
    }
    return sum;
  }
}
