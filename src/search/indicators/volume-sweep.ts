import { OrderedBits } from './ordered-bits.ts';

/**
 * The volume that points of three objectives dominate below a reference point, in n log n steps: a sweep upwards along
 * the third objective over the staircase of the first two. The places of the steps are known beforehand, so the staircase
 * is a set of bits.
 *
 * @param points points below the reference in every objective; any of them may be dominated.
 * @see Beume, Fonseca, López-Ibáñez, Paquete and Vahrenhold, On the complexity of computing the hypervolume indicator,
 * IEEE TEC 13(5), 2009.
 */
export function volumeBySweep(points: readonly (readonly number[])[], reference: readonly number[]): number {
  const upwards = points.toSorted((a, b) => a[2] - b[2] || a[0] - b[0] || a[1] - b[1]);
  const staircase = new Staircase(upwards, reference);
  let sum = 0;
  let covered = 0;
  for (let i = 0; i < upwards.length; i++) {
    covered += staircase.add(i);
    const next = i + 1 < upwards.length ? upwards[i + 1][2] : reference[2];
    sum += covered * (next - upwards[i][2]);
  }
  return sum;
}

/** The lower left boundary of the points added: from left to right, every step is lower than the one before it. */
class Staircase {
  private readonly reference: readonly number[];
  /** By place from left to right, and where equally far left from the lowest up. */
  private readonly x: Float64Array;
  private readonly y: Float64Array;
  /** Place of each point. */
  private readonly places: Int32Array;
  private readonly steps: OrderedBits;

  constructor(points: readonly (readonly number[])[], reference: readonly number[]) {
    const n = points.length;
    this.reference = reference;
    const order = Int32Array.from({ length: n }, (_, i) => i).sort(
      (a, b) => points[a][0] - points[b][0] || points[a][1] - points[b][1] || a - b,
    );
    this.x = Float64Array.from(order, (i) => points[i][0]);
    this.y = Float64Array.from(order, (i) => points[i][1]);
    this.places = new Int32Array(n);
    for (let place = 0; place < n; place++) this.places[order[place]] = place;
    this.steps = new OrderedBits(n);
  }

  /** Adds a point and returns the area gained. */
  add(point: number): number {
    const { x, y, steps, reference } = this;
    const place = this.places[point];
    const left = steps.atMost(place);
    let height = left >= 0 ? y[left] : reference[1];
    if (height <= y[place]) return 0;
    let gained = 0;
    let from = x[place];
    let right = steps.atLeast(place);
    // The higher steps to the right are hidden by the new one, each once and for all.
    while (right >= 0 && y[right] >= y[place]) {
      gained += (x[right] - from) * (height - y[place]);
      from = x[right];
      height = y[right];
      steps.remove(right);
      right = steps.atLeast(right + 1);
    }
    gained += ((right >= 0 ? x[right] : reference[0]) - from) * (height - y[place]);
    steps.add(place);
    return gained;
  }
}
