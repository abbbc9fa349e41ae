import type { Random } from '../../core/random.ts';
import type { EvaluationStore } from '../store.ts';
import { CrowdedFront } from './crowding.ts';
import { NonDominatedSort } from './non-dominated-sort.ts';
import { compareViolations, feasibleFirst, gatherObjectives, type Survival, type SurvivalState } from './survival.ts';

/** JSON has no infinity, and no crowding distance is negative. */
const INFINITE = -1;

/**
 * Whole fronts survive while they fit; the front that does not is thinned where it is most crowded. Parents are compared
 * by front, then by crowding.
 *
 * @see Deb et al., A fast and elitist multiobjective genetic algorithm: NSGA-II, IEEE TEC 6(2), 2002.
 */
export class Nsga2Survival implements Survival {
  private readonly sort = new NonDominatedSort();
  private points = new Float64Array(0);
  /** Front and crowding distance of each survivor, in the survivors' order. */
  private ranks: number[] = [];
  private crowding: number[] = [];

  survive(store: EvaluationStore, rows: Int32Array, count: number, _random: Random): Int32Array {
    const { ordered, feasible } = feasibleFirst(store, rows);
    const survivors: number[] = [];
    this.ranks = [];
    this.crowding = [];
    if (feasible > 0) this.surviveFeasible(store, ordered, feasible, count, survivors);
    const frontCount = feasible > 0 ? this.sort.frontCount : 0;
    for (let i = feasible; i < ordered.length && survivors.length < count; i++) {
      survivors.push(ordered[i]);
      this.ranks.push(frontCount);
      this.crowding.push(0);
    }
    return Int32Array.from(survivors);
  }

  private surviveFeasible(
    store: EvaluationStore,
    rows: Int32Array,
    n: number,
    count: number,
    survivors: number[],
  ): void {
    const m = store.objectiveCount;
    if (this.points.length < n * m) this.points = new Float64Array(n * m);
    gatherObjectives(store, rows, n, this.points);
    const { sort } = this;
    sort.sort(this.points, n, m);
    for (let front = 0, start = 0; front < sort.frontCount && survivors.length < count; front++) {
      const end = sort.frontEnds[front];
      const members = sort.byFront.slice(start, end);
      const crowded = new CrowdedFront(this.points, m, members);
      for (const place of crowded.thin(count - survivors.length)) {
        survivors.push(rows[members[place]]);
        this.ranks.push(front);
        this.crowding.push(crowded.distances[place]);
      }
      start = end;
    }
  }

  compare(store: EvaluationStore, population: Int32Array, first: number, second: number): number {
    return (
      compareViolations(store, population[first], population[second]) ||
      this.ranks[first] - this.ranks[second] ||
      compareCrowding(this.crowding, first, second)
    );
  }

  save(): SurvivalState {
    return { ranks: this.ranks, crowding: this.crowding.map((d) => (d === Number.POSITIVE_INFINITY ? INFINITE : d)) };
  }

  restore(state: SurvivalState): void {
    this.ranks = state.ranks.slice();
    this.crowding = state.crowding.map((d) => (d === INFINITE ? Number.POSITIVE_INFINITY : d));
  }
}

/** The less crowded first; two infinite distances are equal (their difference would be NaN). */
function compareCrowding(distances: ArrayLike<number>, a: number, b: number): number {
  return distances[a] === distances[b] ? 0 : distances[a] > distances[b] ? -1 : 1;
}
