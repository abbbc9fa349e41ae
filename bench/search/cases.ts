import { c1Dtlz1, c2Dtlz2, c3Dtlz4 } from './problems/constrained-dtlz.ts';
import { dtlz1, dtlz2, dtlz3, dtlz4 } from './problems/dtlz.ts';
import type { ScalableProblem, TestProblem } from './problems/problem.ts';
import { zdt1, zdt2, zdt3 } from './problems/zdt.ts';

/** One problem at the settings of the original papers, and what the best peer reaches there. */
export interface BenchCase {
  /** As `--problems` names it: the problem and its number of objectives. */
  label: string;
  population: number;
  generations: number;
  /** Of pymoo 0.6.2, 11 seeds: median distance to the front (lower is better), or hypervolume (higher is better). */
  peer: number;
}

export interface DistanceCase extends BenchCase {
  problem: ScalableProblem;
  divisions: number;
}

export interface VolumeCase extends BenchCase {
  problem: TestProblem;
  reference: number[];
}

type Setting = [make: (objectives: number) => ScalableProblem, generations: [number, number], peer: [number, number]];

/** For three and five objectives (Deb and Jain 2014, tables of parts I and II). */
const SETTINGS: Setting[] = [
  [dtlz1, [400, 600], [2.41e-3, 1.04e-3]],
  [dtlz2, [250, 350], [1.39e-3, 4.94e-3]],
  [dtlz3, [1000, 1000], [5.03e-3, 1.09e-2]],
  [dtlz4, [600, 1000], [3.13e-4, 6.0e-4]],
  [c1Dtlz1, [500, 600], [7.76e-3, 5.09e-3]],
  [c2Dtlz2, [250, 350], [1.34e-3, 4.04e-3]],
  [c3Dtlz4, [750, 1250], [1.24e-2, 2.03e-2]],
];

/** NSGA-III: the distance is inverted generational, to where the reference lines meet the true front. */
export const DISTANCE_CASES: DistanceCase[] = [0, 1].flatMap((size) =>
  SETTINGS.map(([make, generations, peer]) => {
    const problem = make(size === 0 ? 3 : 5);
    return {
      label: `${problem.name}-${problem.objectives}`,
      problem,
      divisions: size === 0 ? 12 : 6,
      population: size === 0 ? 92 : 212,
      generations: generations[size],
      peer: peer[size],
    };
  }),
);

/** NSGA-II: the hypervolume of the last population below (1.1, 1.1), after the 25 000 evaluations of Deb et al. 2002. */
export const VOLUME_CASES: VolumeCase[] = [
  { make: zdt1, peer: 0.87 },
  { make: zdt2, peer: 0.537 },
  { make: zdt3, peer: 1.327 },
].map(({ make, peer }) => {
  const problem = make();
  return { label: problem.name, problem, reference: [1.1, 1.1], population: 100, generations: 250, peer };
});
