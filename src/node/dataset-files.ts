import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { BitbudgetError } from '../core/errors.ts';
import type { DatasetFiles } from '../core/ports.ts';
import { type DatasetSpec, openDataset } from '../data/open.ts';
import type { Dataset } from '../data/types.ts';

/** Files of datasets on a disk. */
export const datasetFiles: DatasetFiles = {
  kind(path) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile()) return 'file';
    return stats?.isDirectory() ? 'folder' : undefined;
  },
  list: (folder) => explained(folder, () => readdirSync(folder).sort()),
  sizeBytes: (path) => explained(path, () => statSync(path).size),
  read: (path, from, length) =>
    explained(path, () => {
      const file = openSync(path, 'r');
      try {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, fstatSync(file).size - from)));
        let done = 0;
        while (done < bytes.length) {
          const read = readSync(file, bytes, done, bytes.length - done, from + done);
          if (read === 0) break;
          done += read;
        }
        return bytes.subarray(0, done);
      } finally {
        closeSync(file);
      }
    }),
};

/**
 * Opens a dataset by name or by its path on this disk; see `openDataset`.
 *
 * @example openDatasetOnDisk({ name: 'builtin', split: 'test', samples: 10 }).count // => 10
 */
export function openDatasetOnDisk(spec: DatasetSpec): Dataset {
  return openDataset(spec, datasetFiles);
}

function explained<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new BitbudgetError('input', `${path} cannot be read (${code}).`, 'Check the path and who may read it.');
  }
}
