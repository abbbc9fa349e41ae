import { decode as decodeJpegFile } from 'jpeg-js';
import { damaged, MOST_PIXELS } from '../faults.ts';
import type { Image } from '../source.ts';
import { decodePng, isPng } from './png.ts';

/** Names that a folder of images holds images under. */
export const IMAGE_NAME = /\.(png|jpe?g)$/i;

/** Names of images that cannot be read. */
export const OTHER_IMAGE_NAME = /\.(bmp|gif|webp|tiff?|avif|heic)$/i;

/** Memory that one JPEG may take while it is decoded. */
const JPEG_MIB = 512;

/**
 * Decodes a PNG or a JPEG by what it begins with, whatever its name says: grey with one channel, colours with three. An
 * alpha channel is left out, and 16-bit samples keep their upper half.
 *
 * @throws {BitbudgetError} `damaged-file` for another kind of file, a damaged or cut-off one, or one of too many pixels.
 */
export function decodeImage(bytes: Uint8Array, file: string): Image {
  if (isPng(bytes)) return decodePng(bytes, file);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes, file);
  throw damaged(`${file} is neither a PNG nor a JPEG.`, 'Convert it, or take it out of the folder.');
}

function decodeJpeg(bytes: Uint8Array, file: string): Image {
  if (!endsAsJpeg(bytes)) throw damaged(`${file} is cut off: a JPEG ends with an end marker.`);
  let decoded: { width: number; height: number; data: Uint8Array };
  try {
    decoded = decodeJpegFile(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: MOST_PIXELS / 1e6,
      maxMemoryUsageInMB: JPEG_MIB,
    });
  } catch (error) {
    throw damaged(`${file} cannot be decoded: ${(error as Error).message}.`);
  }
  const { width, height, data } = decoded;
  if (data.length !== width * height * 3) throw damaged(`${file} does not decode to ${width}×${height} pixels.`);
  return { shape: [height, width, 3], pixels: data };
}

/** Decoders fill up what is missing with grey; the end marker tells that nothing is. Some cameras pad after it. */
function endsAsJpeg(bytes: Uint8Array): boolean {
  for (let at = bytes.length - 2; at >= Math.max(2, bytes.length - 4096); at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  }
  return false;
}
