/** Reaches closer than this share are a tie, which goes to the first line: rounding must not decide. */
const TIE = 1e-12;
/** Lists of neighbours are made for so many lines at most; beyond, all lines are tried. */
const MOST_WITH_NEIGHBOURS = 1024;
/** Neighbours kept of each line. The few points that would need more are compared with all lines. */
const NEIGHBOURS = 96;
/** Added to the angle within which a nearer line may lie, as a cosine: far above the rounding of the lists. */
const MARGIN = 1e-6;

/**
 * Lines from the origin along reference directions, and which of them is nearest to a point. On a Das–Dennis lattice a
 * point is rounded to a line near it, at an angle θ say; no line further than 2θ from that one can be nearer to the point,
 * so a look at the closest neighbours of that line settles it: some 20 of 210 lines of five objectives. The answer is that
 * of comparing all.
 */
export class ReferenceLines {
  readonly count: number;
  readonly m: number;
  /** Unit vectors, row-major. */
  readonly units: Float64Array;
  /** Of the outermost layer of the lattice; 0 where the lines are of no lattice. */
  private readonly parts: number;
  /** Lines by increasing angle from each line, and the cosine of the angle. */
  private neighbours = new Uint16Array(0);
  private cosines = new Float32Array(0);
  private kept = 0;
  /** How many ways k counts can sum to s stand at k·(parts + 1) + s. */
  private ways = new Float64Array(0);
  private readonly shares: Float64Array;
  private readonly counts: Int32Array;

  /**
   * @param directions the outermost layer of the lattice first and in lexicographic order, if `parts` is not 0.
   */
  constructor(directions: readonly (readonly number[])[], parts = 0) {
    this.count = directions.length;
    this.m = directions[0].length;
    this.units = unitVectors(directions);
    this.shares = new Float64Array(this.m);
    this.counts = new Int32Array(this.m);
    this.parts = this.count > 1 && this.count <= MOST_WITH_NEIGHBOURS ? parts : 0;
    if (this.parts > 0) {
      this.listNeighbours();
      this.countWays();
    }
  }

  private listNeighbours(): void {
    const { count, m, units } = this;
    this.kept = Math.min(NEIGHBOURS, count);
    this.neighbours = new Uint16Array(count * this.kept);
    this.cosines = new Float32Array(count * this.kept);
    const cosine = new Float64Array(count);
    const order = Array.from({ length: count }, (_, i) => i);
    for (let line = 0; line < count; line++) {
      for (let other = 0; other < count; other++) {
        cosine[other] = 0;
        for (let j = 0; j < m; j++) cosine[other] += units[line * m + j] * units[other * m + j];
      }
      order.sort((a, b) => cosine[b] - cosine[a] || a - b);
      for (let k = 0; k < this.kept; k++) {
        this.neighbours[line * this.kept + k] = order[k];
        this.cosines[line * this.kept + k] = cosine[order[k]];
      }
    }
  }

  private countWays(): void {
    const width = this.parts + 1;
    this.ways = new Float64Array((this.m + 1) * width);
    this.ways[0] = 1;
    for (let k = 1; k <= this.m; k++) {
      let total = 0;
      for (let s = 0; s < width; s++) {
        total += this.ways[(k - 1) * width + s];
        this.ways[k * width + s] = total;
      }
    }
  }

  /** The line nearest to a point none of whose coordinates is negative; the first of several. */
  nearest(point: Float64Array): number {
    if (this.parts === 0) return this.nearestOfAll(point);
    const { m, kept, neighbours, cosines } = this;
    let square = 0;
    for (let j = 0; j < m; j++) square += point[j] * point[j];
    if (!(square > 0 && square < Number.POSITIVE_INFINITY)) return 0;
    const start = this.round(point);
    const first = this.reach(point, start);
    const limit = (2 * first * first) / square - 1 - MARGIN;
    let best = start;
    let furthest = first;
    const offset = start * kept;
    let k = 0;
    for (; k < kept && cosines[offset + k] >= limit; k++) {
      const line = neighbours[offset + k];
      const reach = this.reach(point, line);
      if (reach > furthest + TIE * furthest || (line < best && reach >= furthest - TIE * furthest)) {
        furthest = reach;
        best = line;
      }
    }
    return k < kept || kept === this.count ? best : this.nearestOfAll(point);
  }

  /** The place of a lattice point near the given one: the counts are rounded down, the largest remainders then up. */
  private round(point: Float64Array): number {
    const { m, parts, shares, counts, ways } = this;
    let sum = 0;
    for (let j = 0; j < m; j++) sum += point[j];
    let missing = parts;
    for (let j = 0; j < m; j++) {
      const share = (point[j] / sum) * parts;
      counts[j] = Math.floor(share);
      shares[j] = share - counts[j];
      missing -= counts[j];
    }
    for (; missing > 0; missing--) {
      let largest = 0;
      for (let j = 1; j < m; j++) if (shares[j] > shares[largest]) largest = j;
      shares[largest] = -1;
      counts[largest]++;
    }
    let place = 0;
    let left = parts;
    for (let j = 0; j < m - 1; j++) {
      const row = (m - j) * (parts + 1);
      place += ways[row + left] - ways[row + left - counts[j]];
      left -= counts[j];
    }
    return place;
  }

  /** All lines start at the origin, so the nearest is the one along which the point reaches furthest. */
  private nearestOfAll(point: Float64Array): number {
    let best = 0;
    let furthest = this.reach(point, 0);
    for (let line = 1; line < this.count; line++) {
      const reach = this.reach(point, line);
      if (reach > furthest + TIE * furthest) {
        furthest = reach;
        best = line;
      }
    }
    return best;
  }

  private reach(point: Float64Array, line: number): number {
    const { m, units } = this;
    let reach = 0;
    for (let j = 0, offset = line * m; j < m; j++) reach += point[j] * units[offset + j];
    return reach;
  }

  /** How far a point is from a line. */
  distance(point: Float64Array, line: number): number {
    const { m, units } = this;
    const reach = this.reach(point, line);
    let square = 0;
    for (let j = 0, offset = line * m; j < m; j++) {
      const off = point[j] - reach * units[offset + j];
      square += off * off;
    }
    return Math.sqrt(square);
  }
}

function unitVectors(directions: readonly (readonly number[])[]): Float64Array {
  const m = directions[0].length;
  const units = new Float64Array(directions.length * m);
  directions.forEach((direction, i) => {
    const length = Math.sqrt(direction.reduce((sum, v) => sum + v * v, 0));
    for (let j = 0; j < m; j++) units[i * m + j] = direction[j] / length;
  });
  return units;
}
