import {
  hypervolume,
  igd,
  nsga2,
  nsga3,
  referenceDirections,
  type SearchOptions,
  type SearchResult,
} from '../../src/search/index.ts';
import { median } from '../harness.ts';
import { DISTANCE_CASES, type DistanceCase, VOLUME_CASES, type VolumeCase } from './cases.ts';
import type { BenchRun } from './report.ts';

/** A median may be so much worse than the peer's. */
const TOLERANCE = 1.1;
/** A hypervolume counts as reached when it is, to the three digits given. */
const VOLUME_ROUNDING = 0.0005;
/** Overhead in microseconds an individual and generation, by the number of objectives. */
const OVERHEAD_TARGET_US: Record<number, number> = { 3: 5, 5: 12 };

interface Measured {
  values: number[];
  overheadUs: number;
}

type Settings = Pick<SearchOptions, 'variables' | 'objectives' | 'population' | 'generations' | 'evaluate'>;

/** Problems whose true fronts are known, beside the best peer. */
export async function benchFronts(run: BenchRun): Promise<void> {
  const isWanted = ({ label, problem }: DistanceCase | VolumeCase) =>
    run.wanted('fronts', label, problem.name) && (!run.quick || problem.objectives <= 3);
  await distances(run, DISTANCE_CASES.filter(isWanted));
  await volumes(run, VOLUME_CASES.filter(isWanted));
}

async function distances(run: BenchRun, cases: readonly DistanceCase[]): Promise<void> {
  if (cases.length === 0) return;
  const { report, seeds } = run;
  const overheads = new Map<number, number[]>();
  report.heading(`NSGA-III: inverted generational distance of the last population, ${seeds.length} seeds`);
  report.table(['problem, objectives', 'median', 'target', 'pymoo', 'ratio', 'least', 'most', 'overhead', '']);
  for (const one of cases) {
    const front = one.problem.front(referenceDirections(one.problem.objectives, one.divisions));
    const search = (settings: Parameters<typeof nsga2>[0]) => nsga3({ ...settings, divisions: one.divisions });
    const measured = await measure(run, one, search, (points) => igd(points, front));
    const limit = TOLERANCE * one.peer;
    const met = median(measured.values) <= limit;
    row(run, one, measured, { target: limit, met, format: (v) => v.toExponential(2) });
    overheads.set(one.problem.objectives, [...(overheads.get(one.problem.objectives) ?? []), measured.overheadUs]);
  }
  for (const [objectives, medians] of overheads) {
    const target = OVERHEAD_TARGET_US[objectives];
    const us = median(medians);
    const verdict = report.verdict(`overhead with ${objectives} objectives`, us <= target);
    report.say(
      `\nOverhead with ${objectives} objectives: ${us.toFixed(1)} µs an individual and generation (target ${target}, ${verdict}).`,
    );
  }
}

async function volumes(run: BenchRun, cases: readonly VolumeCase[]): Promise<void> {
  if (cases.length === 0) return;
  const { report, seeds } = run;
  report.heading(`NSGA-II: hypervolume of the last population, reference (1.1, 1.1), ${seeds.length} seeds`);
  report.table(['problem', 'median', 'target', 'pymoo', 'ratio', 'least', 'most', 'overhead', '']);
  for (const one of cases) {
    const measured = await measure(run, one, nsga2, (points) => hypervolume(points, one.reference));
    const met = median(measured.values) >= one.peer - VOLUME_ROUNDING;
    row(run, one, measured, { target: one.peer, met, format: (v) => v.toFixed(4) });
  }
}

interface Judged {
  target: number;
  met: boolean;
  format(value: number): string;
}

function row({ report }: BenchRun, one: DistanceCase | VolumeCase, { values, overheadUs }: Measured, judged: Judged) {
  const { target, met, format } = judged;
  report.row([
    one.label,
    format(median(values)),
    format(target),
    format(one.peer),
    (median(values) / one.peer).toFixed(2),
    format(Math.min(...values)),
    format(Math.max(...values)),
    `${overheadUs.toFixed(1)} µs`,
    report.verdict(one.label, met),
  ]);
}

/**
 * Runs one case with every seed, and takes the time of each generation less that of its evaluations. The median over all
 * generations leaves out those that something else interrupted.
 */
async function measure(
  { report, seeds }: BenchRun,
  { label, problem, population, generations }: DistanceCase | VolumeCase,
  search: (settings: Settings & { seed: number; onGeneration(): void }) => Promise<SearchResult>,
  value: (points: number[][]) => number,
): Promise<Measured> {
  const values: number[] = [];
  const overheadsUs: number[] = [];
  for (const seed of seeds) {
    report.progress(label, values.length, seeds.length);
    let evaluatingMs = 0;
    let started = performance.now();
    const result = await search({
      variables: problem.variables,
      objectives: problem.objectives,
      population,
      generations,
      seed,
      evaluate: (batch) => {
        const before = performance.now();
        const evaluations = problem.evaluate(batch);
        evaluatingMs += performance.now() - before;
        return evaluations;
      },
      onGeneration: () => {
        const now = performance.now();
        overheadsUs.push(((now - started - evaluatingMs) * 1000) / population);
        started = now;
        evaluatingMs = 0;
      },
    });
    values.push(value(result.population.map(({ objectives }) => objectives)));
  }
  return { values, overheadUs: median(overheadsUs) };
}
