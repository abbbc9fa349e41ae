import { type Bytes, bytesOf } from '../bytes.ts';
import { assertCount, countsDiffer, damaged, MOST_IMAGES, MOST_PIXELS } from '../faults.ts';
import type { Image, ImageShape, ImageSource } from '../source.ts';

/** A NumPy array as it lies in its file. */
export interface NpyArray {
  file: string;
  /** Such as `|u1`. */
  type: string;
  shape: number[];
  /** Where the first element lies. */
  start: number;
  bytes: Bytes;
}

/** Types that can be read: bytes an element, and how one is read. */
const TYPES: Readonly<Record<string, { bytes: number; read(view: DataView, at: number): number }>> = {
  '|u1': { bytes: 1, read: (view, at) => view.getUint8(at) },
  '|i1': { bytes: 1, read: (view, at) => view.getInt8(at) },
  '|b1': { bytes: 1, read: (view, at) => view.getUint8(at) },
  '<u2': { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  '<i2': { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  '<i4': { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  '<u4': { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  '<i8': { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  '<f4': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  '<f8': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/**
 * Reads the header of a `.npy` file of versions 1 to 3 in C order.
 *
 * @throws {BitbudgetError} `damaged-file` for another kind of file, or one whose data are cut off or too long.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function readNpyHeader(bytes: Bytes, file: string): NpyArray {
  const first = bytes.slice(0, Math.min(12, bytes.length));
  if (first.length < 10 || MAGIC.some((byte, i) => first[i] !== byte)) {
    throw damaged(`${file} does not begin as a .npy file.`);
  }
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  const wide = first[6] > 1;
  if (wide && first.length < 12) throw damaged(`${file} is cut off in its header.`);
  const from = wide ? 12 : 10;
  const headerBytes = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (from + headerBytes > bytes.length || headerBytes > 2 ** 16) throw damaged(`${file} is cut off in its header.`);
  const header = new TextDecoder('latin1').decode(bytes.slice(from, headerBytes));
  const type = /'descr':\s*'([^']{1,8})'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d,\s]{0,200})\)/.exec(header)?.[1];
  if (type === undefined || order === undefined || sizes === undefined) {
    throw damaged(`${file} has a header that names no array of numbers.`);
  }
  if (!Object.hasOwn(TYPES, type)) {
    throw damaged(`${file} holds numbers of type ${type}.`, `Save them as one of ${Object.keys(TYPES).join(', ')}.`);
  }
  if (order === 'True') throw damaged(`${file} is in column-major order.`, 'Save it with np.ascontiguousarray.');
  const texts = sizes.split(',').map((text) => text.trim());
  const shape = texts.filter((text) => text !== '').map(Number);
  const start = from + headerBytes;
  const wanted = shape.reduce((product, size) => product * size, TYPES[type].bytes);
  if (bytes.length - start !== wanted) {
    throw damaged(`${file} has ${bytes.length - start} bytes of data where its header says ${wanted}.`);
  }
  return { file, type, shape, start, bytes };
}

/**
 * Labels: one whole number an image, or one row an image with a single 1 among zeros.
 *
 * @throws {BitbudgetError} `damaged-file` for numbers that name no class.
 */
export function readNpyLabels({ file, type, shape, start, bytes }: NpyArray): Uint16Array {
  const [count = 0, width = 1, ...rest] = shape;
  if (rest.length > 0 || count > MOST_IMAGES || width < 1 || width > 65_535 || count * width > 2 ** 28) {
    throw damaged(`${file} is of shape ${shape.join('×')}; labels have one dimension.`);
  }
  const element = TYPES[type];
  const labels = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const row = bytes.slice(start + i * width * element.bytes, width * element.bytes);
    const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
    const values = Array.from({ length: width }, (_, k) => element.read(view, k * element.bytes));
    const label = width === 1 ? values[0] : values.indexOf(1);
    const lone = width === 1 || values.filter((value) => value !== 0).length === 1;
    if (!lone || !Number.isInteger(label) || label < 0 || label > 65_534) {
      throw damaged(
        `${file} labels image ${i} with ${values.slice(0, 8).join(', ')}.`,
        'Labels are class indices from 0.',
      );
    }
    labels[i] = label;
  }
  return labels;
}

/**
 * Images of bytes, [n][height][width], [n][height][width][channels] or [n][channels][height][width] with 1 or 3 channels.
 * Signed bytes are moved up by 128, as int8 networks take them.
 *
 * @throws {BitbudgetError} `damaged-file` for another type or shape, or where the labels are not as many.
 */
export function npyImages(array: NpyArray, labels: ArrayLike<number>, labelsFile: string): ImageSource {
  const { file, type, start, bytes } = array;
  if (type !== '|u1' && type !== '|i1') {
    throw damaged(
      `${file} holds pixels of type ${type}.`,
      'Save pixels as uint8 from 0 to 255, before any normalisation.',
    );
  }
  const [count, ...sizes] = array.shape;
  assertCount(file, count ?? 0);
  const { shape, planes } = imageShape(sizes, file);
  const imageBytes = shape[0] * shape[1] * shape[2];
  if (!(imageBytes >= 1 && imageBytes <= MOST_PIXELS)) throw damaged(`${file} has images of ${shape.join('×')}.`);
  if (labels.length !== count) throw countsDiffer(file, count, labelsFile, labels.length);
  return {
    count,
    image(index): Image {
      const pixels = bytes.slice(start + index * imageBytes, imageBytes);
      if (type === '|i1') for (let i = 0; i < pixels.length; i++) pixels[i] ^= 0x80;
      return { shape, pixels: planes ? interleave(pixels, shape) : pixels };
    },
    label: (index) => labels[index],
  };
}

function imageShape(sizes: readonly number[], file: string): { shape: ImageShape; planes: boolean } {
  const isColours = (size: number) => size === 1 || size === 3;
  if (sizes.length === 2) return { shape: [sizes[0], sizes[1], 1], planes: false };
  if (sizes.length === 3) {
    const [a, b, c] = sizes;
    return isColours(a) && !isColours(c) ? { shape: [b, c, a], planes: true } : { shape: [a, b, c], planes: false };
  }
  if (sizes.length === 1) return { shape: [1, 1, sizes[0]], planes: false };
  throw damaged(`${file} has ${sizes.length + 1} dimensions; images have two to four.`);
}

function interleave(planes: Uint8Array, [height, width, channels]: ImageShape): Uint8Array {
  const pixels = new Uint8Array(planes.length);
  const plane = height * width;
  for (let p = 0, at = 0; p < plane; p++) for (let c = 0; c < channels; c++) pixels[at++] = planes[c * plane + p];
  return pixels;
}

/** An array of an archive, which is in memory already. */
export function readNpyBytes(content: Uint8Array, file: string): NpyArray {
  return readNpyHeader(bytesOf(content), file);
}
