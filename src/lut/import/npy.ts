import { assertSize, type ImportSource, MAXIMUM_FIGURES, unreadable } from './imported-table.ts';

/** A NumPy array of numbers in row-major order. */
export interface NpyArray {
  shape: number[];
  values: Float64Array;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const READERS: Record<string, { bytes: number; read(view: DataView, at: number): number }> = {
  '<i4': { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  '<i8': { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  '<f4': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  '<f8': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

/**
 * Reads a `.npy` file of versions 1 to 3 with 32- or 64-bit numbers in C order; integers beyond 2⁵³ lose digits.
 *
 * @throws {BitbudgetError} `damaged-file` for another kind of file, another type of numbers, or one that is cut off.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function readNpy(source: ImportSource, format: string): NpyArray {
  assertSize(source, format);
  const { bytes } = source;
  const fault = (what: string) => unreadable(source, format, what);
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw fault('it does not begin as a .npy file.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] > 1;
  if (wide && bytes.length < 12) throw fault('it is cut off in its header.');
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > bytes.length) throw fault('it is cut off in its header.');
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, end));
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (type === undefined || order === undefined || sizes === undefined) throw fault('its header names no array.');
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (!reader) throw fault(`its numbers are of type ${type}; ${Object.keys(READERS).join(', ')} can be read.`);
  if (order === 'True') throw fault('its array is in column-major order.');
  const shape = sizes
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  if (!(count <= MAXIMUM_FIGURES)) throw fault(`it holds ${count} numbers, more than ${MAXIMUM_FIGURES}.`);
  if (bytes.length !== end + count * reader.bytes) {
    throw fault(`${shape.join('×')} numbers take ${count * reader.bytes} bytes, but ${bytes.length - end} follow.`);
  }
  return { shape, values: Float64Array.from({ length: count }, (_, i) => reader.read(view, end + i * reader.bytes)) };
}
