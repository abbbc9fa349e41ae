import { outputSize, type Workload } from '../network/workload.ts';

/** How a convolution's input reaches the tiles; the numbers are those of `Packing` in assembly/inline/parameters.ts. */
export const PACKING = { inPlace: 0, gathered: 1, haloed: 2 } as const;
export type Packing = keyof typeof PACKING;

/** Bytes at the start of every scratch that tiles and epilogues use; STAGE_BYTES in assembly/inline/convolve.ts. */
export const STAGE_BYTES = 768;

/** Kernels may write this far past the packed input, and read it: part of `scratchBytes`. */
const SLACK_BYTES = 32;

/** Where a convolution's tiles read, for elements of a given width. */
export interface PackedInput {
  packing: Packing;
  /** Bytes of the packed copy; 0 in place. */
  bytes: number;
  /** First byte of the window of output pixel (y, x), from the start of the packed input. */
  offset(y: number, x: number): number;
}

/**
 * Chooses the packing of a convolution's (or dense layer's) input: in place where an f32 kernel reads f32 without
 * padding, gathered for kernels of 1 × 1 without padding, else (and always for bytes) the image with its halo.
 */
export function packedInput(w: Workload, elementBytes: 1 | 2 | 4): PackedInput {
  const { height, width, inChannels, padding, stride } = w;
  const pixelBytes = inChannels * elementBytes;
  const padded = padding.some((p) => p > 0);
  const rowBytes = (width + padding[1] + padding[3]) * pixelBytes;
  const windowed = (y: number, x: number) => y * stride[0] * rowBytes + x * stride[1] * pixelBytes;
  if (!padded && elementBytes === 4 && w.input === 'f32') return { packing: 'inPlace', bytes: 0, offset: windowed };
  if (!padded && elementBytes > 1 && w.kernel[0] === 1 && w.kernel[1] === 1) {
    const [outHeight, outWidth] = outputSize(w);
    return {
      packing: 'gathered',
      bytes: outHeight * outWidth * pixelBytes,
      offset: (y, x) => (y * outWidth + x) * pixelBytes,
    };
  }
  return { packing: 'haloed', bytes: (height + padding[0] + padding[2]) * rowBytes, offset: windowed };
}

/** Scratch for a stage and a packed copy of the given size, in whole 16 bytes. */
export function scratchFor(packedBytes: number): number {
  return STAGE_BYTES + Math.ceil((packedBytes + SLACK_BYTES) / 16) * 16;
}

/** Multiply-accumulates that one output element sums: the K of the accumulator bounds. */
export function innerSize(w: Workload): number {
  return w.kernel[0] * w.kernel[1] * (w.inChannels / w.groups);
}

/** Whether a workload is a convolution, pool or element-wise op with at least one output and windows that touch the image. */
export function hasPlainGeometry(w: Workload): boolean {
  const [outHeight, outWidth] = outputSize(w);
  return (
    w.batch === 1 &&
    w.groups === 1 &&
    w.dilation[0] === 1 &&
    w.dilation[1] === 1 &&
    outHeight >= 1 &&
    outWidth >= 1 &&
    w.inChannels >= 1 &&
    w.outChannels >= 1
  );
}

/** Whether no window lies in the padding altogether, where an average would have nothing to average. */
export function windowsTouchImage(w: Workload): boolean {
  const [top, right, bottom, left] = w.padding;
  return Math.max(top, bottom) < w.kernel[0] && Math.max(left, right) < w.kernel[1];
}
