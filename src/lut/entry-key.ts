import { type Workload, workloadKey } from '../network/workload.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { LutEntry, LutLatency } from './schema.ts';

/**
 * The key of an entry: the workload's key, a slash, the scheme.
 *
 * @example entryKey({ op: 'softmax', batch: 1, height: 1, width: 1, inChannels: 10, outChannels: 10, kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, activation: 'none', residual: false, input: 'f32', output: 'f32' }, 'f32') // => 'softmax/n1-h1-w1-ci10-co10-k1x1-s1x1-p0.0.0.0-d1x1-g1-none-r0-f32:f32/f32'
 */
export function entryKey(workload: Workload, scheme: Scheme): string {
  return `${workloadKey(workload)}/${scheme}`;
}

/**
 * An entry with its key worked out and its times rounded to whole nanoseconds, so that tables stay readable and a table
 * in memory equals the same table read back. Times below a nanosecond are kept at one.
 */
export function createEntry(fields: Omit<LutEntry, 'key'>): LutEntry {
  const { unconditional } = fields;
  return {
    key: entryKey(fields.workload, fields.scheme),
    ...fields,
    latencyUs: roundLatency(fields.latencyUs),
    ...(unconditional && { unconditional: { ...unconditional, latencyUs: roundLatency(unconditional.latencyUs) } }),
  };
}

/**
 * Microseconds rounded to 0.001; order between the figures is kept because rounding is monotonic.
 *
 * @example roundLatency({ median: 1.23456, low: 1.2, high: 1.3, p95: 1.40049, count: 9 }) // => { median: 1.235, low: 1.2, high: 1.3, p95: 1.4, count: 9 }
 */
export function roundLatency(latencyUs: LutLatency): LutLatency {
  const round = (us: number) => Math.max(0.001, Math.round(us * 1000) / 1000);
  const { median, low, high, p95, count } = latencyUs;
  return { median: round(median), low: round(low), high: round(high), p95: round(p95), count };
}

/** The order of rows: by UTF-16 code units of the key, the same on every engine and in every locale. */
export function compareEntries(a: Pick<LutEntry, 'key'>, b: Pick<LutEntry, 'key'>): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
