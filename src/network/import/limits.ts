import type { Shape } from '../types.ts';
import { damagedModel } from './failures.ts';

/** A model may not ask for more than this, whatever its file says: parsing stays within seconds and the file's own size. */
export const LIMITS = {
  modelBytes: 2 ** 30,
  layers: 20_000,
  tensors: 200_000,
  /** Elements of one activation: 1 GiB as f32. */
  elements: 2 ** 28,
  rank: 8,
  /** Multiply-accumulates of one layer; more than any device runs in a minute. */
  macs: 2 ** 44,
  /** Numbers in weights for each byte of the file: constants may be shared, but no model shares all of them so often. */
  weightsPerByte: 4,
  /** And so many besides, such as those of padding that is written out. */
  sharedWeights: 2 ** 22,
  /** Tensors that one layer reads or writes. */
  operands: 1024,
  /** A quantization's scale lies between this and its inverse, so that products and quotients of three stay finite. */
  scale: 2 ** 40,
} as const;

/** @throws {BitbudgetError} `damaged-file` for a file beyond the limit or without content. */
export function assertModelSize(source: string, bytes: Uint8Array): void {
  if (bytes.length === 0) throw damagedModel(source, 'is empty');
  if (bytes.length > LIMITS.modelBytes) throw damagedModel(source, `has ${bytes.length} bytes, more than 1 GiB`);
}

/** @throws {BitbudgetError} `damaged-file` */
export function assertCount(source: string, what: string, count: number, limit: number): void {
  if (count > limit) throw damagedModel(source, `has ${count} ${what}, more than the ${limit} that are read`);
}

/**
 * Number of elements of a shape, each size of which has to be a positive integer.
 *
 * @throws {BitbudgetError} `damaged-file` for other sizes, or more elements than the limit.
 */
export function countElements(source: string, sizes: readonly number[] | Shape): number {
  if (sizes.length > LIMITS.rank) throw damagedModel(source, `holds a tensor of ${sizes.length} axes`);
  let count = 1;
  for (const size of sizes) {
    if (!Number.isInteger(size) || size < 1) throw damagedModel(source, `holds a tensor with an axis of size ${size}`);
    count *= size;
    if (count > LIMITS.elements) throw damagedModel(source, `holds a tensor of more than ${LIMITS.elements} elements`);
  }
  return count;
}

/** Whether a scale is a positive number that integer arithmetic can work with. */
export function isSoundScale(scale: number): boolean {
  return scale >= 1 / LIMITS.scale && scale <= LIMITS.scale;
}
