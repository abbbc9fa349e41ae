import { outputSize, type Workload, workloadMacs } from '../network/workload.ts';
import { entryKey } from './entry-key.ts';
import type { LutProblem } from './problem.ts';
import { peakShare } from './roofline.ts';
import type { LutEntry, LutLatency } from './schema.ts';

/** Bounds of what a device can do; a figure beyond them is a unit or a clock gone wrong. */
export interface PlausibilityLimits {
  /** Operations (2 a multiply-accumulate) a nanosecond and thread. */
  maximumGops: number;
  /** The device's peak for one-bit operands, a thread; wider ones reach only a share of it, see {@link peakShare}. */
  peakGopsPerCore?: number;
}

/**
 * Above anything a 128-bit instruction set reaches at 5 GHz: one exclusive-or and one population count a cycle on 1-bit
 * operands make 1280 operations a nanosecond.
 */
export const DEFAULT_LIMITS: PlausibilityLimits = { maximumGops: 2000 };

/** Below 0.1 operations a nanosecond, beyond a millisecond of overhead, no engine with SIMD was seen. */
const MINIMUM_GOPS = 0.1;
const MAXIMUM_OVERHEAD_US = 1000;
/** Reading a first-level cache: two 64-byte loads a cycle at 5 GHz are 640 bytes a nanosecond. */
const MAXIMUM_BYTES_PER_NS = 640;

const MEASURE_AGAIN = 'Measure the entry again with `bitbudget profile`.';
const CHECK_UNITS = 'Check the units of the source (latencies are microseconds) and measure the entry again.';

/** What an entry's own fields contradict each other in; the schema holds already. */
export function entryContradictions(entry: LutEntry): LutProblem[] {
  const problems: LutProblem[] = [];
  const report = (message: string, remedy = MEASURE_AGAIN) => problems.push({ entry: entry.key, message, remedy });
  const expected = entryKey(entry.workload, entry.scheme);
  if (entry.key !== expected) {
    report(`The key does not match the entry's workload and scheme, whose key is "${expected}".`);
  }
  for (const fault of [...latencyFaults(entry.latencyUs, 'latencyUs'), ...workloadFaults(entry)]) report(fault);
  if (entry.unconditional) {
    for (const fault of latencyFaults(entry.unconditional.latencyUs, 'unconditional.latencyUs')) report(fault);
    if (entry.unconditional.variant === entry.variant) {
      report(`Variant ${entry.variant} is given as both the conditional and the unconditional one.`);
    }
  }
  return problems;
}

function latencyFaults({ median, low, high, p95 }: LutLatency, field: string): string[] {
  const faults: string[] = [];
  if (median < low || median > high) {
    faults.push(`${field}: the median ${median} µs lies outside its own interval [${low}, ${high}] µs.`);
  }
  if (p95 < median) faults.push(`${field}: p95 ${p95} µs is below the median ${median} µs.`);
  return faults;
}

function workloadFaults({ workload, scheme }: LutEntry): string[] {
  const faults: string[] = [];
  const { op, groups, inChannels, outChannels } = workload;
  const weighted = op === 'conv2d' || op === 'dense';
  const bitsGiven = scheme !== 'f32' && scheme !== 'u8';
  if (bitsGiven !== weighted && scheme !== 'f32') faults.push(`Scheme ${scheme} does not exist for ${op} layers.`);
  if (bitsGiven && workload.input === 'f32') faults.push(`Scheme ${scheme} cannot read an f32 input.`);
  if (inChannels % groups || outChannels % groups) {
    faults.push(`${groups} groups do not divide ${inChannels} input and ${outChannels} output channels.`);
  }
  const windowed = op === 'conv2d' || op === 'averagePool' || op === 'maxPool';
  if (windowed && outputSize(workload).some((size) => size < 1)) {
    faults.push(`The ${workload.kernel.join('×')} window does not fit ${workload.height}×${workload.width}.`);
  }
  return faults;
}

/**
 * Figures that no device can reach, and figures so slow that the unit must be wrong. Entries imported from others'
 * tables may come from microcontrollers, so they have no lower bound of speed.
 */
export function implausibleFigures(entry: LutEntry, threads: number, limits = DEFAULT_LIMITS): LutProblem[] {
  const problems: LutProblem[] = [];
  const report = (message: string) => problems.push({ entry: entry.key, message, remedy: CHECK_UNITS });
  const operations = 2 * workloadMacs(entry.workload);
  const ceilingGops = ceilingOf(entry, limits) * threads;
  const figures = [entry.latencyUs.median, ...(entry.unconditional ? [entry.unconditional.latencyUs.median] : [])];
  for (const us of figures) {
    const gops = operations / (us * 1000);
    const bytesPerNs = bytesRead(entry.workload) / (us * 1000);
    if (gops > ceilingGops) {
      const threadsText = threads === 1 ? 'one thread' : `${threads} threads`;
      report(`${us} µs means ${format(gops)} GOP/s; ${threadsText} cannot exceed ${format(ceilingGops)} GOP/s.`);
    } else if (bytesPerNs > MAXIMUM_BYTES_PER_NS * threads) {
      report(`${us} µs means reading ${format(bytesPerNs)} GB/s, more than a first-level cache can give.`);
    }
    const slowestUs = MAXIMUM_OVERHEAD_US + Math.max(operations, bytesRead(entry.workload)) / (MINIMUM_GOPS * 1000);
    if (entry.trust !== 'imported' && us > slowestUs) {
      report(`${us} µs means ${format(gops)} GOP/s; anything above ${format(slowestUs)} µs is no plausible latency.`);
    }
  }
  return problems;
}

/** Other tools' kernels may use wider instructions than WebAssembly has, so no share is taken of an imported figure's. */
function ceilingOf(
  { workload, scheme, trust }: LutEntry,
  { maximumGops, peakGopsPerCore }: PlausibilityLimits,
): number {
  if (trust === 'imported') return peakGopsPerCore ?? maximumGops;
  return Math.min(maximumGops, (peakGopsPerCore ?? Number.POSITIVE_INFINITY) * peakShare(workload, scheme));
}

/** A lower bound of the activation bytes that have to be read. */
function bytesRead({ height, width, inChannels, stride, input }: Workload): number {
  const elements = (height * width * inChannels) / (stride[0] * stride[1]);
  return elements * (input === 'f32' ? 4 : 1);
}

/** Operations a nanosecond of an entry's median (2 a multiply-accumulate); undefined for layers without weights. */
export function entryGops(entry: Pick<LutEntry, 'workload' | 'latencyUs'>): number | undefined {
  const macs = workloadMacs(entry.workload);
  return macs === 0 ? undefined : (2 * macs) / (entry.latencyUs.median * 1000);
}

function format(value: number): string {
  return String(Number(value.toPrecision(3)));
}
