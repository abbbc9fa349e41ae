import type { Random } from '../../core/random.ts';
import type { EvaluationStore } from '../store.ts';
import { Niches } from './niching.ts';
import { NonDominatedSort } from './non-dominated-sort.ts';
import { Normalisation } from './normalisation.ts';
import type { ReferenceLines } from './reference-lines.ts';
import { compareViolations, feasibleFirst, gatherObjectives, type Survival, type SurvivalState } from './survival.ts';

/**
 * Whole fronts survive while they fit; the front that does not is thinned by niche preservation along the reference
 * directions.
 *
 * @see Deb and Jain, An evolutionary many-objective optimization algorithm using reference-point-based nondominated
 * sorting approach, parts I and II, IEEE TEC 18(4), 2014.
 */
export class Nsga3Survival implements Survival {
  private readonly sort = new NonDominatedSort();
  private readonly normalisation: Normalisation;
  private readonly niches: Niches;
  private points = new Float64Array(0);

  constructor(lines: ReferenceLines) {
    this.niches = new Niches(lines);
    this.normalisation = new Normalisation(lines.m);
  }

  survive(store: EvaluationStore, rows: Int32Array, count: number, random: Random): Int32Array {
    const { ordered, feasible } = feasibleFirst(store, rows);
    if (feasible === 0) return ordered.subarray(0, count);
    const m = store.objectiveCount;
    if (this.points.length < feasible * m) this.points = new Float64Array(feasible * m);
    gatherObjectives(store, ordered, feasible, this.points);
    const { sort } = this;
    sort.sort(this.points, feasible, m);
    this.normalisation.update(this.points, feasible, sort.byFront.subarray(0, sort.frontEnds[0]));
    if (feasible <= count) return ordered.subarray(0, count);
    return this.thin(ordered, feasible, count, random);
  }

  private thin(rows: Int32Array, n: number, count: number, random: Random): Int32Array {
    const { sort, niches, normalisation } = this;
    let last = 0;
    while (sort.frontEnds[last] < count) last++;
    const considered = sort.byFront.subarray(0, sort.frontEnds[last]);
    const whole = last === 0 ? 0 : sort.frontEnds[last - 1];
    const chosen = new Int32Array(count);
    chosen.set(considered.subarray(0, whole));
    if (considered.length === count) {
      chosen.set(considered.subarray(whole), whole);
    } else {
      niches.associate(this.points, n, considered, normalisation.ideal, normalisation.nadir);
      niches.fill(
        considered.subarray(0, whole),
        considered.subarray(whole),
        count - whole,
        random,
        chosen.subarray(whole),
      );
    }
    for (let i = 0; i < count; i++) chosen[i] = rows[chosen[i]];
    return chosen;
  }

  compare(store: EvaluationStore, population: Int32Array, first: number, second: number): number {
    return compareViolations(store, population[first], population[second]);
  }

  save(): SurvivalState {
    return this.normalisation.save();
  }

  restore(state: SurvivalState): void {
    this.normalisation.restore(state);
  }
}
