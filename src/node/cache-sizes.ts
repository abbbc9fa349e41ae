import { join } from 'node:path';
import { readSystemText } from './device.ts';
import { folderEntries } from './system.ts';

/** More than the caches of most devices; what eviction takes where the system does not tell. */
const UNKNOWN_BYTES = 2 ** 25;
const FOLDER = 'sys/devices/system/cpu/cpu0/cache';
const UNITS: Record<string, number> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/**
 * The size of the largest cache of the first core, from the files of a Linux system under `root`; 32 MiB where they do not
 * tell.
 */
export function lastCacheBytes(root = '/'): number {
  const sizes = folderEntries(join(root, FOLDER))
    .map((name) => /^(\d+)([KMG])/.exec(readSystemText(root, `${FOLDER}/${name}/size`) ?? ''))
    .map((match) => (match ? Number(match[1]) * UNITS[match[2]] : 0));
  return Math.max(...sizes, 0) || UNKNOWN_BYTES;
}
