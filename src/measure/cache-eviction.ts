/** A cache line is at least so long on all devices of today. */
const LINE_BYTES = 64;
/** Twice the last cache, since no cache replaces strictly by age; within what a device has to spare. */
const BOUNDS_BYTES = { least: 2 ** 24, most: 2 ** 28 };

/**
 * Makes a function that fills all data caches with a buffer of its own, by writing to each of its lines.
 *
 * @param lastCacheBytes size of the last cache before memory.
 */
export function cacheEviction(lastCacheBytes: number): () => void {
  let buffer: Uint8Array | undefined;
  return () => {
    buffer ??= new Uint8Array(Math.min(Math.max(2 * lastCacheBytes, BOUNDS_BYTES.least), BOUNDS_BYTES.most));
    for (let at = 0; at < buffer.length; at += LINE_BYTES) buffer[at]++;
  };
}
