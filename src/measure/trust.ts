import type { Trust } from '../lut/schema.ts';
import { type Summary, summarizeSamples } from './statistics.ts';

/** An entry whose 95% interval is wider than this share of its median is noisy. */
const WIDE_INTERVAL = 0.15;
/** The anchor's last third slower than its first by this share, steadily: the device throttles. */
const THROTTLED_RISE = 0.08;
const MINIMUM_SAMPLES = 6;

/**
 * Whether an entry's own samples allow to trust it.
 *
 * @example entryTrust({ median: 10, low: 9.9, high: 10.2, p95: 11, count: 16 }) // => 'stable'
 */
export function entryTrust({ median, low, high, count }: Summary): Trust {
  return count < MINIMUM_SAMPLES || high - low > WIDE_INTERVAL * median ? 'noisy' : 'stable';
}

/**
 * Whether the anchor's course shows a device that slows down under load: its last third is slower than the first by
 * more than 8%, and the two thirds hardly overlap.
 *
 * @example isThrottled([1, 1, 1, 1.1, 1.15, 1.2, 1.2, 1.2, 1.2]) // => true
 */
export function isThrottled(levelsNs: readonly number[]): boolean {
  const third = Math.floor(levelsNs.length / 3);
  if (third < 3) return false;
  const first = summarizeSamples(levelsNs.slice(0, third));
  const last = summarizeSamples(levelsNs.slice(-third));
  return last.median > first.median * (1 + THROTTLED_RISE) && last.low > first.median;
}
