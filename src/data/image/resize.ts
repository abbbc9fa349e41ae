import type { Image } from '../source.ts';

/** Weights are integers of so many bits, so that a resized image is the same on every engine. */
const WEIGHT_BITS = 15;
const ONE = 2 ** WEIGHT_BITS;

/**
 * An image at another size, by a triangle filter: linear interpolation where it grows, a weighted mean of all pixels that
 * fall under one where it shrinks. Rows first, then columns, each rounded to bytes.
 *
 * @example resize({ shape: [1, 2, 1], pixels: Uint8Array.of(10, 20) }, 1, 1).pixels // => Uint8Array.of(15)
 */
export function resize({ shape, pixels }: Image, height: number, width: number): Image {
  const [fromHeight, fromWidth, channels] = shape;
  const across = alongAxis(pixels, fromHeight, fromWidth, width, channels);
  return { shape: [height, width, channels], pixels: alongAxis(across, 1, fromHeight, height, width * channels) };
}

/** Resizes the middle axis of [outer][from][inner]. */
function alongAxis(pixels: Uint8Array, outer: number, from: number, to: number, inner: number): Uint8Array {
  if (from === to) return pixels;
  const out = new Uint8Array(outer * to * inner);
  for (let position = 0; position < to; position++) {
    const { first, weights } = windowOf(position, from, to);
    for (let o = 0; o < outer; o++) {
      const target = (o * to + position) * inner;
      for (let i = 0; i < inner; i++) {
        let sum = ONE / 2;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * pixels[(o * from + first + k) * inner + i];
        out[target + i] = Math.min(255, Math.floor(sum / ONE));
      }
    }
  }
  return out;
}

/** The source pixels under one target pixel and their weights, which sum to ONE. */
function windowOf(position: number, from: number, to: number): { first: number; weights: Int32Array } {
  const step = from / to;
  const reach = Math.max(step, 1);
  const centre = (position + 0.5) * step;
  const first = Math.max(0, Math.floor(centre - reach + 0.5));
  const end = Math.min(from, Math.floor(centre + reach + 0.5));
  const shares = Array.from({ length: end - first }, (_, k) =>
    Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / reach),
  );
  const sum = shares.reduce((total, share) => total + share, 0);
  const weights = Int32Array.from(shares, (share) => Math.floor((share / sum) * ONE));
  const rest = ONE - weights.reduce((total, weight) => total + weight, 0);
  weights[shares.indexOf(Math.max(...shares))] += rest;
  return { first, weights };
}
