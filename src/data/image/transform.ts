import { BitbudgetError } from '../../core/errors.ts';
import { MOST_PIXELS } from '../faults.ts';
import type { Image, ImageShape } from '../source.ts';
import { resize } from './resize.ts';

/** How images are brought to the size and the colours that a network reads; stored with every candidate. */
export interface ImageOptions {
  /** The shorter side, the other in proportion; or height and width. */
  resize?: number | [height: number, width: number];
  /** Height and width cut from the middle. */
  crop?: [height: number, width: number];
  /** Three channels or one. */
  colour?: 'rgb' | 'grey';
}

/**
 * The shape that images of a shape come out with.
 *
 * @throws {BitbudgetError} `input` where the images are too small for the crop.
 * @example transformedShape([48, 64, 3], { resize: 36, crop: [32, 32] }, 'x') // => [32, 32, 3]
 */
export function transformedShape(shape: ImageShape, options: ImageOptions, file: string): ImageShape {
  const [height, width] = resizedSides(shape, options);
  const channels = options.colour ? (options.colour === 'rgb' ? 3 : 1) : shape[2];
  if (options.crop && (options.crop[0] > height || options.crop[1] > width)) {
    const problem = `${file} has ${height}×${width} pixels, too few to crop ${options.crop.join('×')}.`;
    throw new BitbudgetError('input', problem, 'Resize it first with --resize.');
  }
  return [options.crop?.[0] ?? height, options.crop?.[1] ?? width, channels];
}

/**
 * Converts colours, resizes and crops, in this order.
 *
 * @throws {BitbudgetError} `input` where the image is too small for the crop, or has channels that are no colours.
 */
export function transformImage(image: Image, options: ImageOptions, file: string): Image {
  const shape = transformedShape(image.shape, options, file);
  let out = options.colour ? withChannels(image, shape[2], file) : image;
  const [height, width] = resizedSides(image.shape, options);
  if (height !== out.shape[0] || width !== out.shape[1]) out = resize(out, height, width);
  return options.crop ? cropCentre(out, options.crop) : out;
}

function resizedSides([height, width]: ImageShape, { resize: wanted }: ImageOptions): [number, number] {
  if (wanted === undefined) return [height, width];
  if (typeof wanted !== 'number') return wanted;
  const shorter = Math.min(height, width);
  const scaled = (side: number) => Math.max(1, Math.floor((side * wanted) / shorter + 0.5));
  const sides: [number, number] = [scaled(height), scaled(width)];
  // a picture one pixel high would become as long as it likes
  return sides[0] * sides[1] <= MOST_PIXELS ? sides : [wanted, wanted];
}

function withChannels({ shape, pixels }: Image, channels: number, file: string): Image {
  const [height, width, from] = shape;
  if (from === channels) return { shape, pixels };
  if (from !== 1 && from !== 3) {
    const problem = `${file} has ${from} channels, which are no colours.`;
    throw new BitbudgetError('input', problem, 'Leave --colour out.');
  }
  const out = new Uint8Array(height * width * channels);
  for (let p = 0; p < height * width; p++) {
    if (channels === 1) out[p] = luma(pixels[3 * p], pixels[3 * p + 1], pixels[3 * p + 2]);
    else out.fill(pixels[p], 3 * p, 3 * p + 3);
  }
  return { shape: [height, width, channels], pixels: out };
}

/** Brightness as ITU-R BT.601 weighs the colours. */
function luma(red: number, green: number, blue: number): number {
  return Math.floor((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

function cropCentre({ shape, pixels }: Image, [height, width]: [number, number]): Image {
  const [fromHeight, fromWidth, channels] = shape;
  const top = (fromHeight - height) >> 1;
  const left = (fromWidth - width) >> 1;
  const out = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * fromWidth + left) * channels;
    out.set(pixels.subarray(start, start + width * channels), y * width * channels);
  }
  return { shape: [height, width, channels], pixels: out };
}
