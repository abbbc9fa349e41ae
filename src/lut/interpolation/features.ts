import { outputSize, type Workload } from '../../network/workload.ts';

/** How a kernel variant cuts its work up, as its name says. */
export interface TileShape {
  /** Output pixels × channels of one pass of the innermost loop. */
  pixels: number;
  channels: number;
  /** Side of the output tiles of a Winograd kernel; 0 for others. */
  winograd: number;
}

const TILE = /_(\d+)x(\d+)__[a-z]+(?:_winograd(\d)\d)?/;

/**
 * The tile that a variant's id names; 1 × 1 where it names none, as imported kernels do.
 *
 * @example tileShape('w8a8_conv_2x16__simd_winograd43') // => { pixels: 2, channels: 16, winograd: 4 }
 */
export function tileShape(variant: string): TileShape {
  const match = TILE.exec(variant);
  if (!match) return { pixels: 1, channels: 1, winograd: 0 };
  return { pixels: Number(match[1]), channels: Number(match[2]), winograd: Number(match[3] ?? 0) };
}

/** The parts that a kernel's time is made of; each is a column of the fit, whose coefficient is a time for each. */
export interface CostFeatures {
  /** One call. */
  call: 1;
  /** Multiply-accumulates with pixels and channels rounded up to whole tiles: the steps of the time. */
  paddedMacs: number;
  /** Passes of the innermost loop, each with its own prologue and epilogue. */
  tiles: number;
  /** Elements that are read, and packed, by their format. */
  inputU8: number;
  inputShared: number;
  inputF32: number;
  /** Elements that are written by their format, and those of a residual that are added. */
  outputU8: number;
  outputF32: number;
  residual: number;
  /** Weights, which stream from memory once a run. */
  weights: number;
  /** Elements that Winograd transforms, on the way in and out. */
  transformed: number;
}

export const FEATURE_NAMES: readonly (keyof CostFeatures)[] = [
  'call',
  'paddedMacs',
  'tiles',
  'inputU8',
  'inputShared',
  'inputF32',
  'outputU8',
  'outputF32',
  'residual',
  'weights',
  'transformed',
];

/**
 * What a workload costs a kernel with this tile, in counts.
 *
 * @example costFeatures({ op: 'conv2d', batch: 1, height: 5, width: 5, inChannels: 8, outChannels: 20, kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, activation: 'none', residual: false, input: 'u8', output: 'u8' }, { pixels: 2, channels: 16, winograd: 0 }).paddedMacs // => 6656
 */
export function costFeatures(workload: Workload, tile: TileShape): CostFeatures {
  const { op, height, width, inChannels, outChannels, kernel, groups, input, output } = workload;
  const [outHeight, outWidth] = outputSize(workload);
  const pixels = outHeight * outWidth;
  const panels = Math.ceil(outChannels / tile.channels);
  const weighted = op === 'conv2d' || op === 'dense';
  const inner =
    weighted || op !== 'globalAveragePool'
      ? kernel[0] * kernel[1] * (weighted ? inChannels / groups : 1)
      : height * width;
  const inputs = height * width * inChannels;
  const outputs = pixels * outChannels;
  const shared = {
    call: 1 as const,
    inputU8: input === 'u8' ? inputs : 0,
    inputShared: input === 'shared' ? inputs : 0,
    inputF32: input === 'f32' ? inputs : 0,
    outputU8: output === 'u8' ? outputs : 0,
    outputF32: output === 'f32' ? outputs : 0,
    residual: workload.residual || op === 'add' ? outputs : 0,
    weights: weighted ? panels * tile.channels * inner : 0,
  };
  if (tile.winograd > 0) {
    const m = tile.winograd;
    const blocks = Math.ceil(outHeight / m) * Math.ceil(outWidth / m);
    const points = (m + 2) ** 2;
    const rows = Math.ceil(blocks / tile.pixels);
    const channels = panels * tile.channels;
    return {
      ...shared,
      paddedMacs: points * rows * tile.pixels * channels * inChannels,
      tiles: points * rows * panels,
      transformed: points * blocks * (inChannels + outChannels),
    };
  }
  const rows = Math.ceil(pixels / tile.pixels);
  const tiles = rows * panels;
  return { ...shared, tiles, paddedMacs: tiles * tile.pixels * tile.channels * inner, transformed: 0 };
}

/** A workload as a point: base-2 logarithms of work, output pixels, channels out and the inner size. */
export function workloadPoint(workload: Workload): number[] {
  const [outHeight, outWidth] = outputSize(workload);
  const { inChannels, outChannels, kernel, groups, op, height, width } = workload;
  const depth = op === 'conv2d' || op === 'dense' ? inChannels / groups : 1;
  const inner = op === 'globalAveragePool' ? height * width : kernel[0] * kernel[1] * depth;
  return [outHeight * outWidth, outChannels, inner].map(Math.log2);
}

/** What kind of work it is; only alike is compared with alike. */
export function workloadKind({ op, groups, inChannels, kernel, stride }: Workload): string {
  if (op !== 'conv2d') return op;
  const grouped = groups === 1 ? 'dense' : groups === inChannels ? 'depthwise' : 'grouped';
  const square = kernel[0] === 3 && kernel[1] === 3;
  return `conv2d ${grouped}${square && stride[0] === 1 && stride[1] === 1 ? ' 3x3' : ''}`;
}
