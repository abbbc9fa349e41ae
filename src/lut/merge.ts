import { compareEntries } from './entry-key.ts';
import type { LutEntry, Trust } from './schema.ts';

/** From the least trusted to the most. */
const TRUST_ORDER: readonly Trust[] = ['interpolated', 'imported', 'throttled', 'noisy', 'stable'];

/**
 * Joins two lists of entries, sorted by key. Where both hold a key the newer one wins, unless it measured the same
 * kernel under a worse verdict: a throttled run does not displace a stable one. What is interpolated never displaces what
 * was measured, whatever its kernel.
 *
 * @example mergeEntries([], []) // => []
 */
export function mergeEntries(older: readonly LutEntry[], newer: readonly LutEntry[]): LutEntry[] {
  const merged = new Map(older.map((entry) => [entry.key, entry]));
  for (const entry of newer) {
    const known = merged.get(entry.key);
    const sameKernel = known?.variant === entry.variant && known.variantSha256 === entry.variantSha256;
    if (known && known.trust !== 'interpolated' && entry.trust === 'interpolated') continue;
    if (known && sameKernel && TRUST_ORDER.indexOf(entry.trust) < TRUST_ORDER.indexOf(known.trust)) continue;
    merged.set(entry.key, entry);
  }
  return [...merged.values()].sort(compareEntries);
}
