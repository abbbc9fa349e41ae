/** Labels as columns: values (the loss, then the metrics), bound, and where each came from. */
export class LabelPool {
  size = 0;
  values: Float64Array;
  bounds: Float64Array;
  parents: Int32Array;
  arcs: Int32Array;
  /** The first label of each state, once closed; one more at the end. */
  first: Int32Array = new Int32Array(0);
  private readonly width: number;

  constructor(width: number, capacity: number) {
    this.width = width;
    this.values = new Float64Array(capacity * width);
    this.bounds = new Float64Array(capacity);
    this.parents = new Int32Array(capacity);
    this.arcs = new Int32Array(capacity);
  }

  /** Appends a label whose values stand at `values[at…]`. */
  add(values: Float64Array, at: number, bound: number, parent: number, arc: number): void {
    const { width, size } = this;
    if (size === this.bounds.length) this.grow();
    for (let k = 0; k < width; k++) this.values[size * width + k] = values[at + k];
    this.bounds[size] = bound;
    this.parents[size] = parent;
    this.arcs[size] = arc;
    this.size++;
  }

  close(first: Int32Array): void {
    this.first = first;
  }

  /** Lets go of what only the next stage needed. */
  release(): void {
    this.values = new Float64Array(0);
    this.bounds = new Float64Array(0);
    this.parents = this.parents.slice(0, this.size);
    this.arcs = this.arcs.slice(0, this.size);
  }

  private grow(): void {
    const capacity = 2 * this.bounds.length;
    const values = new Float64Array(capacity * this.width);
    const bounds = new Float64Array(capacity);
    const parents = new Int32Array(capacity);
    const arcs = new Int32Array(capacity);
    values.set(this.values);
    bounds.set(this.bounds);
    parents.set(this.parents);
    arcs.set(this.arcs);
    Object.assign(this, { values, bounds, parents, arcs });
  }
}

/** The labels of some runs [start, end), each ascending in its first value, as one ascending order. */
export function mergeRuns(values: Float64Array, width: number, runs: readonly (readonly number[])[]): Int32Array {
  const total = runs.reduce((sum, [start, end]) => sum + end - start, 0);
  let source: Int32Array = new Int32Array(total);
  let target: Int32Array = new Int32Array(total);
  let ends: number[] = [];
  let size = 0;
  for (const [start, end] of runs) {
    for (let label = start; label < end; label++) source[size++] = label;
    ends.push(size);
  }
  while (ends.length > 1) {
    const merged: number[] = [];
    for (let r = 0; r < ends.length; r += 2) {
      const start = r === 0 ? 0 : ends[r - 1];
      const middle = ends[r];
      const end = ends[Math.min(r + 1, ends.length - 1)];
      let left = start;
      let right = middle;
      for (let place = start; place < end; place++) {
        const takeLeft =
          right >= end || (left < middle && values[source[left] * width] <= values[source[right] * width]);
        target[place] = source[takeLeft ? left++ : right++];
      }
      merged.push(end);
    }
    [source, target] = [target, source];
    ends = merged;
  }
  return source;
}

/** The n-th smallest bound of the listed labels. */
export function nthSmallest(bounds: Float64Array, lists: readonly Int32Array[], n: number): number {
  const total = lists.reduce((sum, list) => sum + list.length, 0);
  const listed = new Float64Array(total);
  let size = 0;
  for (const list of lists) for (const label of list) listed[size++] = bounds[label];
  listed.sort();
  return listed[n - 1];
}
