import { workloadMacs } from '../../network/workload.ts';
import { entryKey } from '../entry-key.ts';
import { workloadKind, workloadPoint } from './features.ts';
import type { WantedEntry } from './types.ts';

export interface PlanOptions {
  /** Seconds that measuring may take; without it all is measured. */
  timeMaxS?: number;
  /** Seconds that measuring one entry takes; by default a rate of multiply-accumulates and 32 visits. */
  secondsOf?: (entry: WantedEntry) => number;
  /** Keys that are measured already: they cost nothing and count as points of the plan. */
  known?: ReadonlySet<string>;
}

export interface MeasurementPlan {
  /** In the order in which they add most, so that any beginning of it is a plan too. */
  measure: WantedEntry[];
  /** What is left to interpolation. */
  interpolate: WantedEntry[];
  /** Of `measure`. */
  estimatedS: number;
  /** The farthest that an interpolated entry is from a measured one of its kind and scheme, in octaves. */
  farthestOctaves: number;
}

/** A slow kernel on a small device; only the choice between large and small entries depends on it. */
const DEFAULT_MACS_PER_S = 5e9;
const DEFAULT_VISITS = 32;
const OVERHEAD_S = 2e-3;
/** A kernel is interpolated from three shapes on: beside the two with the least and the most work so many are chosen early. */
const MORE_OF_A_KIND = 2;
/** Kernels cost a step where pixels or channels leave a whole tile: off-tile shapes count as this far from on-tile ones. */
const OFF_TILE_OCTAVES = 0.25;
const TILE = 16;

/**
 * Chooses which of the wanted entries to measure within a time limit so that the others lie near a measured one: first
 * the extremes of every kind of work under every scheme (the least and the most work, pixels, channels and depth) and two
 * between, so that nothing has to be extrapolated or is without a model, then again and again the entry that is farthest from all that were chosen (Gonzalez,
 * Clustering to minimize the maximum intercluster distance, 1985), its distance weighed by nothing but octaves.
 *
 * @example planMeasurements([]).measure // => []
 */
export function planMeasurements(wanted: Iterable<WantedEntry>, options: PlanOptions = {}): MeasurementPlan {
  const { timeMaxS = Number.POSITIVE_INFINITY, secondsOf = defaultSeconds, known } = options;
  const candidates = distinctCandidates(wanted, known);
  const groups = groupCandidates(candidates);
  const measure: WantedEntry[] = [];
  let estimatedS = 0;
  const take = (candidate: Candidate): void => {
    const seconds = candidate.known ? 0 : secondsOf(candidate.entry);
    if (estimatedS + seconds > timeMaxS) {
      candidate.tooDear = true;
      return;
    }
    estimatedS += seconds;
    candidate.chosen = true;
    if (!candidate.known) measure.push(candidate.entry);
    for (const other of groups.get(candidate.group)!) {
      other.distance = Math.min(other.distance, octavesBetween(candidate.point, other.point));
    }
  };
  for (const candidate of candidates) if (candidate.known) take(candidate);
  for (const extreme of extremes(groups, 0, 2)) if (!extreme.chosen && extreme.distance > 0) take(extreme);
  for (let round = 0; round < MORE_OF_A_KIND; round++) {
    for (const group of groups.values()) {
      const farthest = group.reduce((best, other) => (other.distance > best.distance ? other : best));
      if (!farthest.chosen && !farthest.tooDear && farthest.distance > 0) take(farthest);
    }
  }
  for (const extreme of extremes(groups, 2)) if (!extreme.chosen && extreme.distance > 0) take(extreme);
  const open = () => candidates.filter(({ chosen, tooDear }) => !chosen && !tooDear);
  for (let rest = open(); rest.length > 0; rest = rest.filter(({ chosen, tooDear }) => !chosen && !tooDear)) {
    take(rest.reduce((best, candidate) => (candidate.distance > best.distance ? candidate : best)));
  }
  const left = candidates.filter(({ chosen }) => !chosen);
  return {
    measure,
    interpolate: left.map(({ entry }) => entry),
    estimatedS,
    farthestOctaves: Math.max(0, ...left.map(({ distance }) => distance)),
  };
}

interface Candidate {
  entry: WantedEntry;
  group: string;
  point: number[];
  known: boolean;
  chosen: boolean;
  /** Did not fit into the time that was left when its turn came. */
  tooDear: boolean;
  /** Octaves to the nearest chosen candidate of the group; infinite while there is none. */
  distance: number;
}

function distinctCandidates(wanted: Iterable<WantedEntry>, known: ReadonlySet<string> | undefined): Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const entry of wanted) {
    const key = entryKey(entry.workload, entry.scheme);
    candidates.set(key, {
      entry,
      group: `${workloadKind(entry.workload)} ${entry.scheme}`,
      point: planPoint(entry),
      ...{ known: known?.has(key) ?? false, chosen: false, tooDear: false, distance: Number.POSITIVE_INFINITY },
    });
  }
  return [...candidates].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, candidate]) => candidate);
}

function groupCandidates(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) groups.set(candidate.group, [...(groups.get(candidate.group) ?? []), candidate]);
  return groups;
}

function planPoint({ workload }: WantedEntry): number[] {
  const offTile = workload.outChannels % TILE === 0 ? 0 : OFF_TILE_OCTAVES;
  const formats =
    (workload.input === 'f32' ? 0 : 1) + (workload.output === 'f32' ? 0 : 2) + (workload.residual ? 4 : 0);
  return [...workloadPoint(workload), offTile, formats * OFF_TILE_OCTAVES];
}

/** The lowest and highest of every group along each axis and in all, group by group in turns, so that none is left out. */
function extremes(groups: ReadonlyMap<string, Candidate[]>, from: number, to?: number): Candidate[] {
  const perGroup = [...groups.values()].map((group) => {
    const axes = group[0].point.map((_, axis) => (candidate: Candidate) => candidate.point[axis]);
    const work = (candidate: Candidate) => candidate.point[0] + candidate.point[1] + candidate.point[2];
    return [work, ...axes.slice(0, 3)].flatMap((measure) => [
      group.reduce((best, other) => (measure(other) < measure(best) ? other : best)),
      group.reduce((best, other) => (measure(other) > measure(best) ? other : best)),
    ]);
  });
  const rounds = Math.max(0, ...perGroup.map((own) => own.length));
  const inTurns = Array.from({ length: rounds }, (_, round) => perGroup.flatMap((own) => own.slice(round, round + 1)));
  return inTurns.slice(from, to).flat();
}

function octavesBetween(a: readonly number[], b: readonly number[]): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
}

function defaultSeconds({ workload }: WantedEntry): number {
  const { height, width, inChannels } = workload;
  const work = Math.max(workloadMacs(workload), height * width * inChannels);
  return OVERHEAD_S + (DEFAULT_VISITS * work) / DEFAULT_MACS_PER_S;
}
