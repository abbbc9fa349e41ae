import { INPUT, type Layer } from '../network/types.ts';
import { tensorBytes } from '../quant/arena.ts';
import type { LayerArithmetic, TensorFormat } from '../quant/arithmetic.ts';
import type { NetworkInput } from './input.ts';
import type { Session } from './session.ts';

/** A stretch of layers that the same sessions run alike. */
interface Branch {
  /** Which runs the stretch for all of them. */
  session: Session;
  from: number;
  to: number;
  /** What the layers after the stretch read, kept where several branches go on from here. */
  live: readonly string[];
  saved: Uint8Array;
  next: Branch[];
  /** Positions of the sessions that end here, and so have the same output. */
  ended: number[];
}

/**
 * Sessions of one network that run together: layers from the input on that have the same arithmetic in several of them run
 * once for all, and their results are copied where the sessions part. The outputs are those of running each alone, bit for
 * bit, because nothing else than equal layers on equal inputs is left out. Where candidates come from one search, late
 * layers differ more often than early ones, and most of the work is shared.
 */
export class SharedRuns {
  readonly count: number;
  private readonly roots: Branch[];

  /** @param sessions of one engine. */
  constructor(sessions: readonly Session[]) {
    this.count = sessions.length;
    const all = sessions.map((_, i) => i);
    this.roots = partition(all, (a, b) => sameInput(sessions[a], sessions[b])).map((group) =>
      growBranch(sessions, group, 0),
    );
  }

  /** Layers that one image runs through, all sessions together. */
  get layers(): number {
    const count = (branch: Branch): number =>
      branch.to - branch.from + branch.next.reduce((sum, next) => sum + count(next), 0);
    return this.roots.reduce((sum, root) => sum + count(root), 0);
  }

  /** Runs one image through all sessions; the outputs in the order of the sessions. */
  run(input: NetworkInput): Float32Array[] {
    const outputs = new Array<Float32Array>(this.count);
    for (const root of this.roots) {
      root.session.setInput(input);
      runBranch(root, outputs);
    }
    return outputs;
  }
}

function runBranch(branch: Branch, outputs: Float32Array[]): void {
  const { session, from, to, live, saved, next, ended } = branch;
  session.executeRange(from, to);
  if (ended.length > 0) {
    const output = session.output();
    for (const position of ended) outputs[position] = output;
  }
  if (next.length > 1) session.copyTensors(live, saved, 'out');
  for (const [i, child] of next.entries()) {
    // the first goes on in the same session, and no other runs in that one
    if (i > 0) child.session.copyTensors(live, saved, 'in');
    runBranch(child, outputs);
  }
}

/** The branch of sessions that agree in all before layer `from`. */
function growBranch(sessions: readonly Session[], group: readonly number[], from: number): Branch {
  const [first] = group;
  const session = sessions[first];
  const { length } = session.steps;
  let to = from;
  let parts: number[][] = [[...group]];
  while (to < length) {
    parts = partition(group, (a, b) => sameStep(sessions[a], sessions[b], to));
    if (parts.length > 1) break;
    to++;
  }
  if (to === length) return { session, from, to, live: [], saved: new Uint8Array(0), next: [], ended: [...group] };
  const live = liveTensors(session, to);
  const bytes = live.reduce((sum, name) => sum + tensorBytes(session.network.plan, name), 0);
  const next = parts.map((part) => growBranch(sessions, part, to));
  return { session, from, to, live, saved: new Uint8Array(bytes), next, ended: [] };
}

/** Groups in the order of their first members. */
function partition(members: readonly number[], same: (a: number, b: number) => boolean): number[][] {
  const groups: number[][] = [];
  for (const member of members) {
    const group = groups.find(([first]) => same(first, member));
    if (group) group.push(member);
    else groups.push([member]);
  }
  return groups;
}

/** Tensors that layers before `at` have written and layers from there on read. */
function liveTensors({ network }: Session, at: number): string[] {
  const { layers } = network.folded;
  const written = new Set([INPUT, ...layers.slice(0, at).map(({ name }) => name)]);
  const read = new Set(layers.slice(at).flatMap(({ inputs }) => inputs));
  return [...written].filter((name) => read.has(name));
}

function sameInput(a: Session, b: Session): boolean {
  const [x, y] = [a.network, b.network];
  const { mean, std } = x.folded.preprocessing;
  return (
    sameFormat(x.formats.get(INPUT), y.formats.get(INPUT)) &&
    x.folded.inputShape.join() === y.folded.inputShape.join() &&
    mean.join() === y.folded.preprocessing.mean.join() &&
    std.join() === y.folded.preprocessing.std.join()
  );
}

function sameStep(a: Session, b: Session, at: number): boolean {
  if (at >= a.steps.length || at >= b.steps.length) return false;
  const [graphA, graphB] = [a.network.folded.layers, b.network.folded.layers];
  return (
    a.steps.length === b.steps.length &&
    a.steps[at].variant.id === b.steps[at].variant.id &&
    sameLayer(graphA[at], graphB[at]) &&
    sameArithmetic(a.steps[at].layer, b.steps[at].layer) &&
    // what is kept at a parting has to have the same names and sizes in all
    (graphA === graphB || sameRest(graphA, graphB, at))
  );
}

function sameLayer(a: Layer, b: Layer): boolean {
  return a.name === b.name && a.op === b.op && a.inputs.join() === b.inputs.join();
}

function sameRest(a: readonly Layer[], b: readonly Layer[], at: number): boolean {
  return a.slice(at).every((layer, i) => sameLayer(layer, b[at + i]));
}

/** Whether two layers compute the same from the same input: every number of theirs, not only their scheme. */
function sameArithmetic(a: LayerArithmetic, b: LayerArithmetic): boolean {
  const { weights, bias, multiplier, table, ...rest } = a;
  const { weights: weightsB, bias: biasB, multiplier: multiplierB, table: tableB, ...restB } = b;
  return (
    sameValues(bias, biasB) &&
    sameValues(multiplier, multiplierB) &&
    sameValues(table, tableB) &&
    serialise(rest) === serialise(restB) &&
    (weights === weightsB || sameValues(weights, weightsB))
  );
}

function serialise(value: object): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v));
}

function sameFormat(a: TensorFormat | undefined, b: TensorFormat | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sameValues(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean {
  if (!a || !b) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
