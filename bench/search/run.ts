/**
 * Runs the search on problems whose true fronts are known, and prints what it reaches beside the best peer:
 * `npm run bench:search -- [--quick] [--problems DTLZ1,C2-DTLZ2-5,ZDT1] [--seeds 11]`. Medians over the seeds 1, 2, 3 …
 * The overhead is all time but that of evaluating, per individual: the median over all generations, which leaves out those
 * that something else interrupted. It is a figure of the machine and of its load; the rest is the same everywhere.
 */

import { parseArgs } from 'node:util';
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
import { type BenchCase, DISTANCE_CASES, type DistanceCase, VOLUME_CASES, type VolumeCase } from './cases.ts';

/** A median may be so much worse than the peer's. */
const TOLERANCE = 1.1;
/** A hypervolume counts as reached when it is, to the three digits given. */
const VOLUME_ROUNDING = 0.0005;
/** Overhead in microseconds an individual and generation, by the number of objectives. */
const OVERHEAD_TARGET_US: Record<number, number> = { 3: 5, 5: 12 };
const QUICK_SEEDS = 3;

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    problems: { type: 'string' },
    seeds: { type: 'string' },
  },
});
const seedCount = Number(flags.seeds ?? (flags.quick ? QUICK_SEEDS : 11));
if (!Number.isInteger(seedCount) || seedCount < 1)
  throw new Error(`--seeds ${flags.seeds}: give a whole number from 1.`);
const wanted = flags.problems?.toLowerCase().split(',');

/** Quick runs leave out five objectives unless they are asked for by name. */
function isWanted({ label, problem }: DistanceCase | VolumeCase): boolean {
  if (wanted) return wanted.includes(label.toLowerCase()) || wanted.includes(problem.name.toLowerCase());
  return !flags.quick || problem.objectives <= 3;
}

interface Measured {
  values: number[];
  overheadUs: number;
}

type Settings = Pick<SearchOptions, 'variables' | 'objectives' | 'population' | 'generations' | 'evaluate'>;

/** Runs one case with every seed, and takes the time of each generation less that of its evaluations. */
async function measure(
  { problem, population, generations }: DistanceCase | VolumeCase,
  search: (settings: Settings & { seed: number; onGeneration(): void }) => Promise<SearchResult>,
  value: (points: number[][]) => number,
): Promise<Measured> {
  const values: number[] = [];
  const overheadsUs: number[] = [];
  for (let seed = 1; seed <= seedCount; seed++) {
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

const missed: string[] = [];

function print(
  one: BenchCase,
  measured: Measured,
  limit: string,
  reached: boolean,
  format: (v: number) => string,
): void {
  if (!reached) missed.push(one.label);
  const { values, overheadUs } = measured;
  const columns = [
    one.label.padEnd(11),
    format(median(values)).padStart(9),
    limit.padStart(9),
    format(one.peer).padStart(9),
    (median(values) / one.peer).toFixed(2).padStart(6),
    `${format(Math.min(...values))} to ${format(Math.max(...values))}`.padStart(20),
    `${overheadUs.toFixed(1)} µs`.padStart(9),
  ];
  process.stdout.write(`${columns.join('  ')}  ${reached ? 'reached' : 'MISSED'}\n`);
}

function heading(title: string): void {
  const names = ['', 'median', 'target', 'pymoo', 'ratio', 'of all seeds', 'overhead'];
  const widths = [11, 9, 9, 9, 6, 20, 9];
  process.stdout.write(`\n${title}\n${names.map((name, i) => name.padStart(widths[i])).join('  ')}\n`);
}

const overheads = new Map<number, number[]>();
const distances = DISTANCE_CASES.filter(isWanted);
if (distances.length > 0)
  heading(`NSGA-III, inverted generational distance of the last population, ${seedCount} seeds`);
for (const one of distances) {
  const front = one.problem.front(referenceDirections(one.problem.objectives, one.divisions));
  const measured = await measure(
    one,
    (settings) => nsga3({ ...settings, divisions: one.divisions }),
    (points) => igd(points, front),
  );
  const limit = TOLERANCE * one.peer;
  print(one, measured, limit.toExponential(2), median(measured.values) <= limit, (v) => v.toExponential(2));
  overheads.set(one.problem.objectives, [...(overheads.get(one.problem.objectives) ?? []), measured.overheadUs]);
}
const volumes = VOLUME_CASES.filter(isWanted);
if (volumes.length > 0) heading(`NSGA-II, hypervolume of the last population, ${seedCount} seeds`);
for (const one of volumes) {
  const measured = await measure(one, nsga2, (points) => hypervolume(points, one.reference));
  const reached = median(measured.values) >= one.peer - VOLUME_ROUNDING;
  print(one, measured, one.peer.toFixed(3), reached, (v) => v.toFixed(4));
}
for (const [objectives, medians] of overheads) {
  const target = OVERHEAD_TARGET_US[objectives];
  const us = median(medians);
  process.stdout.write(
    `\nOverhead with ${objectives} objectives: ${us.toFixed(1)} µs an individual and generation, target ${target}.`,
  );
}
process.stdout.write(missed.length > 0 ? `\nMissed: ${missed.join(', ')}\n` : '\nAll distances and volumes reached.\n');
