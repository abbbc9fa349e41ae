import { Gunzip, Unzlib } from 'fflate';
import { damaged } from './faults.ts';

/** Compressed bytes that are inflated at a time: what one step can swell to is bounded, and the sum is checked after each. */
const STEP_BYTES = 2 ** 15;

/**
 * Inflates a gzip or zlib stream, and stops as soon as it swells beyond what it should hold.
 *
 * @param most bytes that the result may have.
 * @param file what errors call it.
 * @throws {BitbudgetError} `damaged-file` for a stream that is cut off, damaged or larger than it may be.
 */
export function inflate(bytes: Uint8Array, kind: 'gzip' | 'zlib', most: number, file: string): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  const take = (chunk: Uint8Array, final: boolean) => {
    chunks.push(chunk);
    length += chunk.length;
    ended = final;
  };
  const stream = kind === 'gzip' ? new Gunzip(take) : new Unzlib(take);
  for (let at = 0; at < bytes.length && !ended; at += STEP_BYTES) {
    const end = Math.min(at + STEP_BYTES, bytes.length);
    try {
      stream.push(bytes.subarray(at, end), end === bytes.length);
    } catch (error) {
      throw damaged(`${file} cannot be decompressed: ${(error as Error).message}.`);
    }
    if (length > most) throw damaged(`${file} holds more than the ${most} bytes that it should.`);
  }
  if (!ended) throw damaged(`${file} is cut off in its compressed data.`);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
