import { convertIndexedToRgb, type DecodedPng, decode } from 'fast-png';
import { damaged, MOST_PIXELS } from '../faults.ts';
import { inflate } from '../inflate.ts';
import type { Image } from '../source.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Chunks that the pixels depend on; no other reaches the decoder. */
const NEEDED = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** Origin and step of the seven passes of an interlaced image. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** Whether a file begins as a PNG. */
export function isPng(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Decodes a PNG. Its chunks are walked first: the pixels are inflated within the bound that the header sets, so that
 * neither a cut-off file nor one that swells comes as far as the decoder.
 *
 * @throws {BitbudgetError} `damaged-file`.
 * @see https://www.w3.org/TR/png-3
 */
export function decodePng(bytes: Uint8Array, file: string): Image {
  const { kept, data } = neededChunks(bytes, file);
  const view = new DataView(kept.buffer, kept.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colourType, , , interlace] = kept.subarray(24, 29);
  const channels = CHANNELS[colourType];
  if (!channels || width < 1 || height < 1 || !(width * height <= MOST_PIXELS)) {
    throw damaged(`${file} has a header of ${width}×${height} pixels of colour type ${colourType}.`);
  }
  if (interlace === 1 && depth < 8) {
    throw damaged(`${file} is interlaced with ${depth}-bit samples.`, 'Save it without interlacing.');
  }
  const expected = scanlineBytes(width, height, channels * depth, interlace === 1);
  const inflated = inflate(data, 'zlib', expected, file);
  if (inflated.length !== expected) {
    throw damaged(`${file} has ${inflated.length} bytes of pixels where its header says ${expected}.`);
  }
  let png: DecodedPng;
  let colours: ArrayLike<number>;
  try {
    png = decode(kept, { checkCrc: true });
    colours = png.palette ? convertIndexedToRgb(png) : png.data;
  } catch (error) {
    throw damaged(`${file} cannot be decoded: ${(error as Error).message}.`);
  }
  return toBytes(png, colours);
}

/** The file without what the pixels do not depend on, and its compressed pixels. */
function neededChunks(bytes: Uint8Array, file: string): { kept: Uint8Array; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = new Uint8Array(bytes.length);
  kept.set(bytes.subarray(0, 8));
  const data = new Uint8Array(bytes.length);
  let keptBytes = 8;
  let dataBytes = 0;
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw damaged(`${file} is cut off: a PNG ends with an end chunk.`);
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw damaged(`${file} is cut off in a chunk.`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at === 8 && (type !== 'IHDR' || length !== 13)) throw damaged(`${file} has no header chunk.`);
    if (at > 8 && type === 'IHDR') throw damaged(`${file} has two header chunks.`);
    if (NEEDED.has(type)) {
      kept.set(bytes.subarray(at, end), keptBytes);
      keptBytes += end - at;
    }
    if (type === 'IDAT') {
      data.set(bytes.subarray(at + 8, end - 4), dataBytes);
      dataBytes += length;
    }
    if (type === 'IEND') break;
    at = end;
  }
  return { kept: kept.slice(0, keptBytes), data: data.subarray(0, dataBytes) };
}

/** Bytes of all scan lines, each with its filter byte. */
function scanlineBytes(width: number, height: number, bitsPerPixel: number, interlaced: boolean): number {
  const lines = (columns: number, rows: number) =>
    columns > 0 && rows > 0 ? rows * (1 + Math.ceil((columns * bitsPerPixel) / 8)) : 0;
  if (!interlaced) return lines(width, height);
  return PASSES.reduce(
    (sum, [x, y, stepX, stepY]) => sum + lines(Math.ceil((width - x) / stepX), Math.ceil((height - y) / stepY)),
    0,
  );
}

/** Samples of any depth as bytes, alpha left out. */
function toBytes({ width, height, depth, channels, palette }: DecodedPng, samples: ArrayLike<number>): Image {
  const stored = palette ? samples.length / (width * height) : channels;
  const colours = stored >= 3 ? 3 : 1;
  const grey = !palette && depth < 8;
  const pixels = new Uint8Array(width * height * colours);
  const packedRow = Math.ceil((width * depth) / 8);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < colours; c++) {
        const sample = grey ? packedSample(samples, y * packedRow, x, depth) : samples[(y * width + x) * stored + c];
        pixels[at++] = grey ? (sample * 255) / (2 ** depth - 1) : depth === 16 && !palette ? sample >> 8 : sample;
      }
    }
  }
  return { shape: [height, width, colours], pixels };
}

/** One sample of fewer than 8 bits, several to a byte with the leftmost highest. */
function packedSample(row: ArrayLike<number>, start: number, x: number, depth: number): number {
  const bit = x * depth;
  return (row[start + (bit >> 3)] >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
