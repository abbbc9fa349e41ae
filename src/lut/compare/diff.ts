import { BitbudgetError } from '../../core/errors.ts';
import type { Lut, LutEntry } from '../schema.ts';
import { assertComparable, comparisonWarnings } from './comparable.ts';
import { type Drift, errorTowards, estimateDrift, LEAST_FOR_DRIFT, type PairedMeasurement } from './drift.ts';
import { adjustForMany, medianError, studentP } from './order-statistics.ts';

/** `untested`: a side has fewer than two samples, so nothing is known of its error. */
export type DiffVerdict = 'faster' | 'slower' | 'unchanged' | 'untested';

/** One entry that both tables hold. */
export interface EntryDiff {
  key: string;
  /** What B does to the entry, drift taken out. */
  verdict: DiffVerdict;
  /** Whether another kernel serves it in B: then the choice differs, not the speed of one thing. */
  otherKernel: boolean;
  /** Median of B / median of A, as they stand in the tables. */
  ratio: number;
  /** The same without the drift between the sessions, and its 95% interval; null where untested. */
  change: { value: number; low: number; high: number } | null;
  /** Two-sided, of no change beyond drift, and corrected for the number of measurements; null where untested. */
  pValue: number | null;
  adjustedP: number | null;
  a: LutEntry;
  b: LutEntry;
}

/** What became of one kernel that both tables used for the same entries. */
export interface KernelDiff {
  variant: string;
  entries: number;
  faster: number;
  slower: number;
  /** Median over its entries of the change without drift. */
  medianChange: number;
  /** Whether its code is another one in B. */
  codeChanged: boolean;
}

export interface LutDiff {
  warnings: string[];
  /** How much slower (above 1) all of B is than A; null with too few measurements in common to tell. */
  drift: { factor: number; low: number; high: number } | null;
  /** Relative standard deviation from session to session beyond what the samples of a session show. */
  sessionSpread: number;
  /** Entries in common. */
  entries: number;
  /** Different measurements of the same kernel that they rest on: aliases share one. */
  measurements: number;
  falseDiscoveryRate: number;
  /** Entries that the same kernel serves in both tables. */
  counts: Record<DiffVerdict, number>;
  /** Entries that another kernel serves in B. */
  otherKernel: Record<DiffVerdict, number>;
  /** The entries in common, in order of their keys. */
  rows: EntryDiff[];
  /** The kernels with significant entries, most concerned first. */
  kernels: KernelDiff[];
  onlyInA: string[];
  onlyInB: string[];
}

export interface DiffOptions {
  /** Of the entries called faster or slower, the share that may be wrong. */
  falseDiscoveryRate?: number;
}

/** Small: the false alarms of a quiet pair of sessions are counted in pairs, not in entries. */
export const DEFAULT_FALSE_DISCOVERY_RATE = 0.005;
const Z95 = 1.959963984540054;
/** Up to this, as a logarithm, a drift is of the clock's kind and meets all kernels alike. */
const COMMON_DRIFT = 0.25;
/**
 * Standard deviation between kernels of how the rest of a drift meets them, as a share of it: a factor of two is a neighbour
 * on the same core, who leaves some kernels more of it than others. A judgement from one pair of tables: at ×0.48 the f32
 * kernels took 11% more than the rest.
 */
const UNEQUAL_DRIFT = 0.22;

/**
 * Compares two tables entry by entry: which entries are significantly faster or slower in B. The test works on log ratios
 * of medians with standard errors from the stored intervals (the side that faces the other table counts, as in Zou and
 * Donner 2008), after the drift of the whole session has been taken out, with the scatter between sessions added to the
 * error, and with the false discovery rate controlled. docs/tables.md derives it.
 *
 * @throws {BitbudgetError} `mismatch` for tables that cannot be compared or have no entry in common.
 */
export function diffTables(a: Lut, b: Lut, options: DiffOptions = {}): LutDiff {
  assertComparable(a, b);
  const falseDiscoveryRate = options.falseDiscoveryRate ?? DEFAULT_FALSE_DISCOVERY_RATE;
  const ofB = new Map(b.entries.map((entry) => [entry.key, entry]));
  const common = a.entries.flatMap((entry): [LutEntry, LutEntry][] => {
    const other = ofB.get(entry.key);
    const measured = entry.trust !== 'interpolated' && other?.trust !== 'interpolated'; // a model is no measurement
    return other && measured ? [[entry, other]] : [];
  });
  if (common.length === 0) {
    const remedy = 'Compare tables of the same network and schemes; `bitbudget lut show` lists their entries.';
    throw new BitbudgetError('mismatch', 'The tables have no entry in common.', remedy);
  }
  const tested = [...distinctMeasurements(common, a.clock.stepNs, b.clock.stepNs)];
  const sameKernel = tested.filter(({ otherKernel }) => !otherKernel);
  const drift = estimateDrift(sameKernel.map(({ pair }) => pair));
  // two families: a choice that fell out differently must not make room for false alarms about the kernels themselves
  const outcomes = new Map([
    ...testAll(sameKernel, drift, falseDiscoveryRate),
    ...testAll(
      tested.filter(({ otherKernel }) => otherKernel),
      drift,
      falseDiscoveryRate,
    ),
  ]);
  const rows = common.map(([ofA, inB]): EntryDiff => {
    const ratio = inB.latencyUs.median / ofA.latencyUs.median;
    const outcome = outcomes.get(measurementName(ofA, inB)) ?? UNTESTED;
    return { key: ofA.key, otherKernel: ofA.variant !== inB.variant, ratio, ...outcome, a: ofA, b: inB };
  });
  const known = sameKernel.length >= LEAST_FOR_DRIFT;
  const warnings = comparisonWarnings(a, b);
  if (!known) {
    const found = `Only ${sameKernel.length} measurements of the same kernels in common`;
    warnings.push(`${found}: drift cannot be told from change, and is not taken out.`);
  }
  if (Math.abs(drift.centre) > COMMON_DRIFT) {
    warnings.push(
      'The machine ran at another speed as a whole, which meets kernels unequally: only large differences are told from it.',
    );
  }
  const keysOfA = new Set(a.entries.map(({ key }) => key));
  return {
    warnings,
    drift: known ? interval(drift.centre, drift.error) : null,
    sessionSpread: drift.spread,
    entries: rows.length,
    measurements: sameKernel.length,
    falseDiscoveryRate,
    counts: countVerdicts(rows.filter(({ otherKernel }) => !otherKernel)),
    otherKernel: countVerdicts(rows.filter(({ otherKernel }) => otherKernel)),
    rows,
    kernels: kernelDiffs(rows),
    onlyInA: a.entries.filter(({ key }) => !ofB.has(key)).map(({ key }) => key),
    onlyInB: b.entries.filter(({ key }) => !keysOfA.has(key)).map(({ key }) => key),
  };
}

function countVerdicts(rows: readonly EntryDiff[]): Record<DiffVerdict, number> {
  const counts = { faster: 0, slower: 0, unchanged: 0, untested: 0 };
  for (const { verdict } of rows) counts[verdict]++;
  return counts;
}

type Outcome = Pick<EntryDiff, 'verdict' | 'change' | 'pValue' | 'adjustedP'>;
const UNTESTED: Outcome = { verdict: 'untested', change: null, pValue: null, adjustedP: null };

interface Tested {
  name: string;
  otherKernel: boolean;
  pair: PairedMeasurement;
  countA: number;
  countB: number;
  /** Squared standard errors of the two sides, by whether B is above. */
  variances(above: boolean): [number, number];
}

/** Schemes that share a kernel share its samples: such entries are one measurement, and are tested once. */
function distinctMeasurements(
  common: readonly (readonly [LutEntry, LutEntry])[],
  stepA: number,
  stepB: number,
): Iterable<Tested> {
  const measurements = new Map<string, Tested>();
  for (const [a, b] of common) {
    const name = measurementName(a, b);
    if (measurements.has(name) || a.latencyUs.count < 2 || b.latencyUs.count < 2) continue;
    const errorA = medianError(a.latencyUs, stepA);
    const errorB = medianError(b.latencyUs, stepB);
    const pair = {
      logRatio: Math.log(b.latencyUs.median / a.latencyUs.median),
      errorAbove: Math.hypot(errorA.above, errorB.below),
      errorBelow: Math.hypot(errorA.below, errorB.above),
      variant: a.variant,
    };
    const variances = (above: boolean): [number, number] =>
      above ? [errorA.above ** 2, errorB.below ** 2] : [errorA.below ** 2, errorB.above ** 2];
    const counts = { countA: a.latencyUs.count, countB: b.latencyUs.count };
    measurements.set(name, { name, otherKernel: a.variant !== b.variant, pair, ...counts, variances });
  }
  return measurements.values();
}

function measurementName(a: LutEntry, b: LutEntry): string {
  const workload = a.key.slice(0, a.key.lastIndexOf('/'));
  const figures = [a, b].map(({ variant, latencyUs: { median, low, high, p95, count } }) =>
    [variant, median, low, high, p95, count].join(' '),
  );
  return [workload, ...figures].join('|');
}

function testAll(
  tested: readonly Tested[],
  { centre, error, spread, degrees: spreadDegrees }: Drift,
  rate: number,
): Map<string, Outcome> {
  // all tests share the estimate of the spread and would err together: one standard error of it is added
  const cautiousSpread = spread * (1 + 1 / Math.sqrt(2 * spreadDegrees));
  const tests = tested.map((measurement) => {
    const { pair, countA, countB } = measurement;
    const shift = pair.logRatio - centre;
    const [varianceA, varianceB] = measurement.variances(shift > 0);
    const between = cautiousSpread ** 2 + error ** 2;
    const variance =
      errorTowards(pair, centre) ** 2 + between + (UNEQUAL_DRIFT * Math.max(0, Math.abs(centre) - COMMON_DRIFT)) ** 2;
    // Welch and Satterthwaite: the spread was estimated from all measurements together
    const uncertainty = varianceA ** 2 / (countA - 1) + varianceB ** 2 / (countB - 1) + between ** 2 / spreadDegrees;
    const degrees = uncertainty > 0 ? variance ** 2 / uncertainty : tested.length;
    const deviation = Math.sqrt(variance);
    return { shift, deviation, pValue: deviation > 0 ? studentP(shift / deviation, degrees) : shift === 0 ? 1 : 0 };
  });
  const adjusted = adjustForMany(tests.map(({ pValue }) => pValue));
  return new Map(
    tests.map(({ shift, deviation, pValue }, i): [string, Outcome] => {
      const { factor: value, low, high } = interval(shift, deviation);
      const verdict = adjusted[i] > rate ? 'unchanged' : shift < 0 ? 'faster' : 'slower';
      return [tested[i].name, { verdict, change: { value, low, high }, pValue, adjustedP: adjusted[i] }];
    }),
  );
}

/** A logarithm with its standard error as a factor with its 95% interval. */
function interval(logarithm: number, error: number): { factor: number; low: number; high: number } {
  return {
    factor: Math.exp(logarithm),
    low: Math.exp(logarithm - Z95 * error),
    high: Math.exp(logarithm + Z95 * error),
  };
}

function kernelDiffs(rows: readonly EntryDiff[]): KernelDiff[] {
  const byVariant = new Map<string, EntryDiff[]>();
  for (const row of rows) {
    if (row.otherKernel || row.change === null) continue;
    byVariant.set(row.a.variant, [...(byVariant.get(row.a.variant) ?? []), row]);
  }
  const kernels = [...byVariant].map(([variant, own]): KernelDiff => {
    const changes = own.map(({ change }) => change!.value).sort((x, y) => x - y);
    return {
      variant,
      entries: own.length,
      faster: own.filter(({ verdict }) => verdict === 'faster').length,
      slower: own.filter(({ verdict }) => verdict === 'slower').length,
      medianChange: (changes[(changes.length - 1) >> 1] + changes[changes.length >> 1]) / 2,
      codeChanged: own.some(({ a, b }) => a.variantSha256 !== b.variantSha256),
    };
  });
  const concerned = ({ faster, slower }: KernelDiff) => faster + slower;
  return kernels
    .filter((kernel) => concerned(kernel) > 0)
    .sort((x, y) => concerned(y) - concerned(x) || (x.variant < y.variant ? -1 : 1));
}
