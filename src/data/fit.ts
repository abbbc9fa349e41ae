import type { Dataset } from './types.ts';

type Shape = Dataset['imageShape'];

/**
 * An image at another size, by nearest neighbour in integers, so that it is the same on every engine: enough to calibrate
 * or time a network whose own data are not there. One channel is the mean of all; inputs of a single pixel take the
 * image's bytes at equal distances.
 *
 * @param pixels bytes of shape `from`, NHWC.
 * @example fitImage(Uint8Array.of(10, 20, 30, 50, 60, 70), [1, 2, 3], [2, 1, 1]) // => Uint8Array.of(20, 20)
 */
export function fitImage(pixels: Uint8Array, from: Shape, to: Shape): Uint8Array {
  const [height, width, channels] = to;
  if (from.every((size, axis) => size === to[axis])) return pixels;
  const fitted = new Uint8Array(height * width * channels);
  if (height === 1 && width === 1) {
    for (let i = 0; i < channels; i++) fitted[i] = pixels[Math.floor((i * pixels.length) / channels)];
    return fitted;
  }
  let at = 0;
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * from[0]) / height) * from[1];
    for (let x = 0; x < width; x++) {
      const pixel = (row + Math.floor((x * from[1]) / width)) * from[2];
      const colours = pixels.subarray(pixel, pixel + from[2]);
      for (let c = 0; c < channels; c++) fitted[at++] = channels === 1 ? mean(colours) : colours[c % from[2]];
    }
  }
  return fitted;
}

function mean(colours: Uint8Array): number {
  return Math.floor(colours.reduce((sum, colour) => sum + colour, 0) / colours.length);
}
