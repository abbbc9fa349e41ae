import { quantileSorted } from 'simple-statistics';
import type { Workload } from '../../network/workload.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { createEntry, entryKey } from '../entry-key.ts';
import type { Lut, LutEntry } from '../schema.ts';
import { shapeKey } from '../shape-key.ts';
import { type FamilyModel, fitFamily, fitWith, foldsOf, LEAST_SHAPES, type Observation } from './family-model.ts';
import { tileShape, workloadKind, workloadPoint } from './features.ts';

/** What an entry is wanted of. */
export interface WantedEntry {
  workload: Workload;
  scheme: Scheme;
}

/** How wrong interpolated entries are, measured on entries that were left out of the fit with all others of their shape. */
export interface HeldOutError {
  entries: number;
  medianRelativeError: number;
  p95RelativeError: number;
  /** Median of (predicted − measured) / measured. */
  bias: number;
}

export interface Interpolation {
  /** One for each wanted entry that the table lacks and that can be interpolated, marked `interpolated`. */
  entries: LutEntry[];
  /** Wanted entries that nothing in the table is near enough to. */
  missing: WantedEntry[];
  /** Null where too few entries were measured to leave any out. */
  heldOut: HeldOutError | null;
}

/** What a kernel variant needs of memory; known where kernels are. */
export type VariantBytes = (variant: string, workload: Workload) => { scratchBytes: number; packedBytes: number };

/** So many octaves outside of what was measured an entry is still extrapolated, at a price: */
const FARTHEST_OCTAVES = 1.5;
/** the interval widens by this share an octave. That is a judgement, no measurement. */
const WIDENING_PER_OCTAVE = 0.1;
const COVERAGE = 0.95;
/** Without any held-out error an entry is known to a factor of this. */
const UNKNOWN_FACTOR = 2;

/** Models of a table's kernels, fitted once. */
export interface Interpolator {
  /** Null where too few entries were measured to leave any out. */
  heldOut: HeldOutError | null;
  /** The entry of a workload that was not measured; undefined where nothing in the table is near enough. */
  entryOf(wanted: WantedEntry): LutEntry | undefined;
}

/**
 * Learns to price workloads that were not measured from those that were: for every kernel variant a model of its time is
 * fitted to the shapes it served (docs/tables.md), and a wanted entry gets the fastest prediction among the variants that
 * served its scheme for the same kind of work. Its interval is the 95% quantile of held-out errors, wider outside of what
 * was measured. Entries that were imported or interpolated are not learnt from.
 *
 * @param bytesOf what the variants need of memory; scaled from the measured entries where absent.
 */
export function createInterpolator(table: Pick<Lut, 'entries'>, bytesOf?: VariantBytes): Interpolator {
  const measured = table.entries.filter(({ trust }) => trust !== 'interpolated' && trust !== 'imported');
  const families = fitFamilies(measured);
  const errors = entryErrors(measured, families);
  const bounds = new Map(families.map(({ name }) => [name, errorBound(errors, name)]));
  return {
    heldOut: summarize(errors),
    entryOf({ workload, scheme }) {
      const best = fastestFamily(families, workload, scheme);
      if (!best) return undefined;
      const { family, us, outside } = best;
      const factor = Math.exp(bounds.get(family.name)! + WIDENING_PER_OCTAVE * outside);
      const [low, high] = [us / factor, us * factor];
      return createEntry({
        workload,
        scheme,
        variant: family.model.variant,
        variantSha256: family.sha256,
        latencyUs: { median: us, low, high, p95: high, count: family.model.observations.length },
        ...(bytesOf?.(family.model.variant, workload) ?? scaledBytes(family, workload)),
        trust: 'interpolated',
      });
    },
  };
}

/**
 * The wanted entries that a table lacks, interpolated as far as they can be; see {@link createInterpolator}.
 *
 * @example interpolateTable({ entries: [] }, []) // => { entries: [], missing: [], heldOut: null }
 */
export function interpolateTable(
  table: Pick<Lut, 'entries'>,
  wanted: Iterable<WantedEntry>,
  bytesOf?: VariantBytes,
): Interpolation {
  const interpolator = createInterpolator(table, bytesOf);
  const known = new Set(table.entries.map(({ key }) => key));
  const entries: LutEntry[] = [];
  const missing: WantedEntry[] = [];
  for (const one of wanted) {
    const key = entryKey(one.workload, one.scheme);
    if (known.has(key)) continue;
    known.add(key);
    const entry = interpolator.entryOf(one);
    if (entry) entries.push(entry);
    else missing.push(one);
  }
  return { entries, missing, heldOut: interpolator.heldOut };
}

/** The entries of one kernel variant for one kind of work. */
interface Family {
  name: string;
  model: FamilyModel;
  kind: string;
  sha256: string;
  /** The schemes it was the fastest for. */
  schemes: ReadonlySet<Scheme>;
  entries: readonly LutEntry[];
}

function fitFamilies(measured: readonly LutEntry[]): Family[] {
  const groups = new Map<string, LutEntry[]>();
  for (const entry of measured) {
    const name = `${entry.variant} ${entry.variantSha256} ${workloadKind(entry.workload)}`;
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups].flatMap(([name, entries]): Family[] => {
    const observations = observationsOf(entries);
    if (new Set(observations.map(({ shape }) => shape)).size < LEAST_SHAPES) return [];
    const [{ variant, variantSha256, workload }] = entries;
    return [
      {
        name,
        model: fitFamily(variant, observations),
        kind: workloadKind(workload),
        sha256: variantSha256,
        schemes: new Set(entries.map(({ scheme }) => scheme)),
        entries,
      },
    ];
  });
}

/** Aliases share their samples and are one observation. */
function observationsOf(entries: readonly LutEntry[]): Observation[] {
  const seen = new Map<string, Observation>();
  for (const { workload, latencyUs, key } of entries) {
    const name = `${key.slice(0, key.lastIndexOf('/'))} ${latencyUs.median}`;
    seen.set(name, { workload, us: latencyUs.median, shape: shapeKey(workload, '') });
  }
  return [...seen.values()];
}

interface Prediction {
  family: Family;
  us: number;
  /** Octaves outside of the shapes that the family was measured for. */
  outside: number;
}

function fastestFamily(families: readonly Family[], workload: Workload, scheme: Scheme): Prediction | undefined {
  const kind = workloadKind(workload);
  const point = workloadPoint(workload);
  let best: Prediction | undefined;
  for (const family of families) {
    if (family.kind !== kind || !family.schemes.has(scheme)) continue;
    const outside = octavesOutside(point, family.model.observations);
    if (outside > FARTHEST_OCTAVES) continue;
    const us = family.model.predict(workload);
    if (!best || us < best.us) best = { family, us, outside };
  }
  return best;
}

function octavesOutside(point: readonly number[], observations: readonly Observation[]): number {
  const points = observations.map(({ workload }) => workloadPoint(workload));
  return point.reduce((sum, value, axis) => {
    const along = points.map((other) => other[axis]);
    return sum + Math.max(0, value - Math.max(...along), Math.min(...along) - value);
  }, 0);
}

interface EntryError {
  family: string;
  /** ln(predicted / measured). */
  log: number;
}

/**
 * Leaves the measured shapes out in turn, fits every family anew without them and prices their entries as if they had not
 * been measured, choice of the kernel included.
 */
function entryErrors(measured: readonly LutEntry[], families: readonly Family[]): EntryError[] {
  const withShape = measured.map((entry) => ({ entry, shape: shapeKey(entry.workload, '') }));
  const errors = new Map<string, EntryError>();
  for (const fold of foldsOf(withShape)) {
    const shapes = new Set([...fold].map((i) => withShape[i].shape));
    const reduced = families.flatMap((family): Family[] => {
      const rest = family.model.observations.filter(({ shape }) => !shapes.has(shape));
      if (rest.length === family.model.observations.length) return [family];
      if (new Set(rest.map(({ shape }) => shape)).size < LEAST_SHAPES) return [];
      return [{ ...family, model: fitWith(family.model.variant, rest, family.model.settings) }];
    });
    for (const i of fold) {
      const { workload, scheme, latencyUs, key } = withShape[i].entry;
      const best = fastestFamily(reduced, workload, scheme);
      if (!best) continue;
      const name = `${key.slice(0, key.lastIndexOf('/'))} ${latencyUs.median} ${best.us}`; // aliases count once
      errors.set(name, { family: best.family.name, log: Math.log(best.us / latencyUs.median) });
    }
  }
  return [...errors.values()];
}

/**
 * A bound that 95% of the held-out errors keep, by conformal quantiles (Barber et al., Predictive inference with the
 * jackknife+, 2021); where the family has too few of its own, also those of all.
 */
function errorBound(errors: readonly EntryError[], family: string): number {
  const own = errors.filter((error) => error.family === family).map(({ log }) => Math.abs(log));
  const all = errors.map(({ log }) => Math.abs(log));
  if (all.length === 0) return Math.log(UNKNOWN_FACTOR);
  const ownBound = own.length > 0 ? conformalQuantile(own) : 0;
  return own.length >= COVERAGE / (1 - COVERAGE) ? ownBound : Math.max(ownBound, conformalQuantile(all));
}

function conformalQuantile(sizes: readonly number[]): number {
  const sorted = [...sizes].sort((a, b) => a - b);
  const rank = Math.ceil(COVERAGE * (sorted.length + 1));
  return sorted[Math.min(rank, sorted.length) - 1];
}

function summarize(errors: readonly EntryError[]): HeldOutError | null {
  if (errors.length === 0) return null;
  const relative = errors.map(({ log }) => Math.exp(log) - 1).sort((a, b) => a - b);
  const sizes = relative.map(Math.abs).sort((a, b) => a - b);
  return {
    entries: errors.length,
    medianRelativeError: quantileSorted(sizes, 0.5),
    p95RelativeError: quantileSorted(sizes, 0.95),
    bias: quantileSorted(relative, 0.5),
  };
}

/** Packed weights go with whole panels, scratch with the input; the measured entry that needs most for its size decides. */
function scaledBytes({ entries, model }: Family, workload: Workload): { scratchBytes: number; packedBytes: number } {
  const { channels } = tileShape(model.variant);
  const weights = ({ outChannels, inChannels, groups, kernel, op }: Workload) =>
    op === 'conv2d' || op === 'dense'
      ? Math.ceil(outChannels / channels) * channels * (inChannels / groups) * kernel[0] * kernel[1]
      : 0;
  const inputs = ({ height, width, inChannels }: Workload) => height * width * inChannels;
  const most = (bytes: (entry: LutEntry) => number, size: (of: Workload) => number) =>
    Math.max(...entries.map((entry) => (size(entry.workload) > 0 ? bytes(entry) / size(entry.workload) : 0)));
  return {
    scratchBytes: Math.ceil(most((entry) => entry.scratchBytes, inputs) * inputs(workload)),
    packedBytes: Math.ceil(most((entry) => entry.packedBytes, weights) * weights(workload)),
  };
}
