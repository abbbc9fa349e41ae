import { type Workload, workloadMacs } from '../network/workload.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';
import type { LutProblem } from './problem.ts';
import type { LutEntry } from './schema.ts';

/** One-bit multiply-accumulates of a 128-bit instruction: 128 take an exclusive-or and a population count. */
const ONE_BIT_MACS = 64;
/** A dot product of 16 bytes; packed fields do the same in 16-bit lanes. */
const BYTE_MACS = 16;
const F32_MACS = 4;
/** Winograd's F(4×4, 3×3) does 144 multiply-accumulates with 36 multiplications. */
const WINOGRAD_SAVING = 4;
/** Integer Winograd works on 16-bit lanes, eight an instruction. */
const WINOGRAD_LANES = 8;

/**
 * The share of a device's peak, which is that of one-bit operands, that a workload can reach under a scheme with 128-bit
 * instructions; generous, since it serves to tell the impossible from the unusual.
 *
 * @example peakShare({ op: 'dense', batch: 1, height: 1, width: 1, inChannels: 64, outChannels: 10, kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, activation: 'none', residual: false, input: 'u8', output: 'f32' }, 'w8a8') // => 0.25
 */
export function peakShare(workload: Workload, scheme: Scheme): number {
  const { op, kernel, stride, dilation } = workload;
  const square = kernel[0] === 3 && kernel[1] === 3 && stride[0] * stride[1] * dilation[0] * dilation[1] === 1;
  const winograd = op === 'conv2d' && square;
  if (scheme === 'f32') return (F32_MACS * (winograd ? WINOGRAD_SAVING : 1)) / ONE_BIT_MACS;
  const { weightBits, activationBits } = schemeBits(scheme);
  if (Math.min(weightBits, activationBits) <= 2) return 1; // table lookups and bit planes
  return Math.max(BYTE_MACS, winograd ? WINOGRAD_LANES * WINOGRAD_SAVING : 0) / ONE_BIT_MACS;
}

/** How many times faster than all others that do no more work an entry may be before it cannot be true. */
const OWN_PEAK_FACTOR = 4;
/** Schemes of one workload lie within a factor of 15 of each other; units are a factor of 1000 apart. */
const UNIT_FACTOR = 60;
const LEAST_SCHEMES = 3;

const REMEDY = 'Check the units of the source (latencies are microseconds) and measure the entry again.';

/**
 * Entries that the table's other entries contradict: faster than anything else in it by a factor that no kernel gains, or
 * apart from the same workload's other schemes as units are apart. Imported figures are left alone.
 */
export function outliersOfTable(entries: readonly LutEntry[]): LutProblem[] {
  const measured = entries.filter(({ trust }) => trust !== 'imported');
  const problems = new Map<string, LutProblem>();
  const report = (key: string, message: string) => problems.set(key, { entry: key, message, remedy: REMEDY });
  for (const group of groupBy(measured, shapeOf).values()) {
    if (new Set(group.map(({ scheme }) => scheme)).size < LEAST_SCHEMES) continue;
    const us = group.map(({ latencyUs }) => latencyUs.median).sort((a, b) => a - b);
    const typical = us[us.length >> 1];
    for (const { key, latencyUs } of group) {
      const factor = latencyUs.median / typical;
      if (factor < UNIT_FACTOR && factor > 1 / UNIT_FACTOR) continue;
      const times = factor > 1 ? `${round(factor)} times slower` : `${round(1 / factor)} times faster`;
      report(key, `${latencyUs.median} µs is ${times} than the same layer's typical scheme: the unit must be wrong.`);
    }
  }
  for (const [key, times] of beyondOwnPeak(measured.filter(({ key }) => !problems.has(key)))) {
    report(key, `It is ${round(times)} times faster, for its work, than anything else in the table.`);
  }
  return [...problems.values()];
}

/** Entries far above the best rate that any other workload reaches, with by how much. */
function beyondOwnPeak(entries: readonly LutEntry[]): Map<string, number> {
  const rates = entries
    .map((entry) => {
      const { workload, scheme, latencyUs } = entry;
      const rate = workloadMacs(workload) / latencyUs.median / peakShare(workload, scheme);
      return { key: entry.key, shape: shapeOf(entry), rate };
    })
    .filter(({ rate }) => rate > 0)
    .sort((a, b) => b.rate - a.rate);
  const found = new Map<string, number>();
  for (const { key, shape, rate } of rates) {
    const next = rates.find((other) => other.shape !== shape && !found.has(other.key));
    if (!next || rate <= OWN_PEAK_FACTOR * next.rate) break;
    found.set(key, rate / next.rate);
  }
  return found;
}

function shapeOf({ workload }: LutEntry): string {
  const { op, height, width, inChannels, outChannels, kernel, stride, groups } = workload;
  return [op, height, width, inChannels, outChannels, kernel, stride, groups].join(' ');
}

function groupBy(entries: readonly LutEntry[], nameOf: (entry: LutEntry) => string): Map<string, LutEntry[]> {
  const groups = new Map<string, LutEntry[]>();
  for (const entry of entries) {
    const group = groups.get(nameOf(entry));
    if (group) group.push(entry);
    else groups.set(nameOf(entry), [entry]);
  }
  return groups;
}

function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
