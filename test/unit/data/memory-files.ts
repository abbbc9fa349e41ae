import type { DatasetFiles } from '../../../src/core/ports.ts';

/** Files in memory: paths to contents, folders by what lies below them. */
export function memoryFiles(contents: Record<string, Uint8Array | number[] | string>): DatasetFiles {
  const files = new Map(
    Object.entries(contents).map(([path, content]) => [
      path,
      typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content),
    ]),
  );
  const below = (folder: string) => [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
  return {
    kind: (path) => (files.has(path) ? 'file' : below(path).length > 0 ? 'folder' : undefined),
    list: (folder) => [...new Set(below(folder).map((path) => path.slice(folder.length + 1).split('/')[0]))].sort(),
    sizeBytes: (path) => files.get(path)!.length,
    read: (path, from, length) => files.get(path)!.slice(from, from + length),
  };
}

/** Bytes that follow a simple rule, so that images can be told apart. */
export function pattern(length: number, start = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (start + i * 7) & 255);
}

/** An IDX file of unsigned bytes. */
export function idx(sizes: readonly number[], data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + data.length);
  bytes.set([0, 0, 8, sizes.length]);
  const view = new DataView(bytes.buffer);
  for (const [i, size] of sizes.entries()) view.setUint32(4 + 4 * i, size);
  bytes.set(Array.from(data), 4 + 4 * sizes.length);
  return bytes;
}

/** A `.npy` file, version 1. */
export function npy(type: string, shape: readonly number[], data: Uint8Array, order = 'False'): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${sizes}), }`;
  const header = `${text.padEnd(117)}\n`;
  const bytes = new Uint8Array(10 + header.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(data, 10 + header.length);
  return bytes;
}
