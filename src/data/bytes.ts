import type { DatasetFiles } from '../core/ports.ts';
import { damaged, MOST_BYTES } from './faults.ts';
import { inflate } from './inflate.ts';

/** A file's content, read in stretches or held in memory. */
export interface Bytes {
  readonly length: number;
  /** A stretch that lies within the content. */
  slice(from: number, length: number): Uint8Array;
}

/** Labels are gathered over so many records at a time. */
const RECORDS_AT_ONCE = 1024;

/** A file's content as it lies on the disk, or inflated where its name ends in `.gz`. */
export function openBytes(files: DatasetFiles, path: string): Bytes {
  if (path.endsWith('.gz')) return bytesOf(inflate(readWhole(files, path), 'gzip', MOST_BYTES, path));
  const length = files.sizeBytes(path);
  return {
    length,
    slice(from, wanted) {
      const bytes = files.read(path, from, wanted);
      if (bytes.length !== wanted) throw damaged(`${path} is shorter than it was when it was opened.`);
      return bytes;
    },
  };
}

/** Content that is in memory already. */
export function bytesOf(content: Uint8Array): Bytes {
  return { length: content.length, slice: (from, length) => content.slice(from, from + length) };
}

/** @throws {BitbudgetError} `damaged-file` for a file that is too large to be read whole. */
export function readWhole(files: DatasetFiles, path: string, most = MOST_BYTES): Uint8Array {
  const length = files.sizeBytes(path);
  if (length > most) throw damaged(`${path} has ${length} bytes.`, `Files of this kind may have ${most} bytes.`);
  return files.read(path, 0, length);
}

/** One byte of each of `count` records of equal size. */
export function byteOfEachRecord(bytes: Bytes, count: number, recordBytes: number, offset: number): Uint8Array {
  const values = new Uint8Array(count);
  for (let first = 0; first < count; first += RECORDS_AT_ONCE) {
    const records = Math.min(RECORDS_AT_ONCE, count - first);
    const stretch = bytes.slice(first * recordBytes, records * recordBytes);
    for (let i = 0; i < records; i++) values[first + i] = stretch[i * recordBytes + offset];
  }
  return values;
}
