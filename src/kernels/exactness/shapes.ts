import type { Padding, Pair } from '../../network/types.ts';
import { outputSize, type Workload, type WorkloadOp } from '../../network/workload.ts';
import type { KernelVariant } from '../types.ts';

/** The part of a workload that these tables vary. */
export type WorkloadShape = Pick<
  Workload,
  'height' | 'width' | 'inChannels' | 'outChannels' | 'kernel' | 'stride' | 'padding' | 'dilation' | 'groups'
>;

type Row = [
  ...[height: number, width: number, inChannels: number, outChannels: number],
  ...window: [Pair, Pair, Padding, groups?: number, dilation?: Pair],
];

const NO_PADDING: Padding = [0, 0, 0, 0];
const ALONE: [Pair, Pair, Padding] = [[1, 1], [1, 1], NO_PADDING];

/** Odd channels, pixel and channel tails, one-sided padding, strides, windows of every form, outputs below a tile. */
const CONVOLUTIONS: Row[] = [
  [5, 5, 1, 1, [3, 3], [1, 1], [1, 1, 1, 1]],
  [4, 6, 3, 16, [3, 3], [1, 1], [1, 1, 1, 1]],
  [7, 5, 5, 5, [3, 3], [2, 2], [0, 1, 1, 0]], // SAME of TensorFlow with stride 2
  [8, 8, 4, 16, [3, 3], [2, 2], [0, 1, 1, 0]],
  [6, 6, 17, 17, [3, 3], [1, 1], [1, 1, 1, 1]],
  [8, 8, 16, 32, [3, 3], [1, 1], [1, 1, 1, 1]],
  [3, 3, 8, 24, [5, 5], [1, 1], [2, 2, 2, 2]],
  [1, 9, 4, 20, [1, 5], [1, 1], [0, 2, 0, 2]],
  [9, 1, 6, 9, [5, 1], [1, 1], [2, 0, 2, 0]],
  [5, 7, 16, 16, [1, 1], [1, 1], NO_PADDING],
  [7, 7, 33, 10, [1, 1], [2, 2], NO_PADDING],
  [1, 1, 40, 16, [1, 1], [1, 1], NO_PADDING],
  [1, 3, 12, 18, [1, 1], [1, 1], NO_PADDING],
  [2, 1, 64, 48, [3, 3], [1, 1], [1, 1, 1, 1]],
  [4, 4, 3, 8, [4, 4], [4, 4], NO_PADDING],
  [6, 5, 7, 33, [2, 3], [1, 2], [1, 0, 0, 2]],
  [5, 5, 64, 16, [3, 3], [1, 1], [1, 1, 1, 1]],
  [8, 8, 9, 12, [3, 3], [3, 3], [1, 1, 0, 0]],
  [6, 6, 31, 15, [3, 3], [1, 1], NO_PADDING],
  [3, 3, 2, 40, [3, 3], [1, 1], [2, 2, 2, 2]],
  [5, 5, 16, 7, [1, 1], [1, 1], [1, 1, 1, 1]],
  [6, 6, 32, 32, [3, 3], [1, 1], [1, 1, 1, 1]],
  [13, 11, 16, 24, [3, 3], [1, 1], [1, 1, 1, 1]], // tiles of 4 x 4 outputs that do not divide the image
  [9, 10, 20, 16, [3, 3], [1, 1], NO_PADDING],
  [7, 7, 96, 64, [1, 1], [1, 1], NO_PADDING],
  [8, 8, 33, 32, [3, 3], [2, 2], [1, 1, 1, 1]],
];

const DEPTHWISE: Row[] = (
  [
    [5, 5, 1, [3, 3], [1, 1], [1, 1, 1, 1]],
    [8, 9, 3, [3, 3], [1, 1], [1, 1, 1, 1]],
    [7, 7, 8, [3, 3], [1, 1], [1, 1, 1, 1]],
    [6, 11, 17, [3, 3], [1, 1], [1, 1, 1, 1]],
    [9, 6, 40, [3, 3], [1, 1], [1, 1, 1, 1]],
    [1, 1, 16, [3, 3], [1, 1], [1, 1, 1, 1]],
    [2, 3, 33, [3, 3], [1, 1], [1, 1, 1, 1]],
    [5, 6, 24, [3, 3], [1, 1], NO_PADDING],
    [8, 8, 8, [3, 3], [2, 2], [0, 1, 1, 0]],
    [7, 9, 19, [3, 3], [2, 2], [1, 1, 1, 1]],
    [10, 8, 32, [3, 3], [2, 2], [0, 1, 1, 0]],
    [3, 1, 5, [3, 3], [2, 2], [1, 1, 1, 1]],
    [9, 9, 12, [5, 5], [1, 1], [2, 2, 2, 2]],
    [8, 6, 6, [5, 3], [2, 1], [1, 1, 2, 1]],
    [12, 7, 20, [10, 4], [2, 2], [4, 1, 4, 1]],
    [7, 8, 9, [3, 3], [1, 1], [2, 2, 2, 2], [2, 2]],
    [3, 30, 70, [3, 3], [1, 1], [1, 1, 1, 1]], // more channels than go through at once in rows of this width
    [5, 29, 67, [3, 3], [2, 2], [0, 1, 1, 0]],
  ] as [number, number, number, Pair, Pair, Padding, Pair?][]
).map(([height, width, channels, kernel, stride, padding, dilation]) => [
  ...([height, width, channels, channels, kernel, stride, padding, channels] as const),
  dilation,
]);

/** Groups of several channels, a depth multiplier, and windows with holes. */
const GROUPED: Row[] = [
  [6, 6, 8, 8, [3, 3], [1, 1], [1, 1, 1, 1], 2],
  [5, 7, 12, 20, [1, 1], [1, 1], NO_PADDING, 4],
  [6, 5, 33, 66, [3, 3], [2, 2], [1, 1, 1, 1], 3],
  [5, 5, 6, 12, [3, 3], [1, 1], [1, 1, 1, 1], 6],
  [4, 4, 64, 64, [3, 3], [1, 1], [1, 1, 1, 1], 2],
  [7, 7, 4, 16, [3, 3], [1, 1], [2, 2, 2, 2], 1, [2, 2]],
  [9, 8, 17, 18, [3, 3], [1, 2], [1, 2, 1, 2], 1, [1, 2]],
];

const DENSE: Row[] = [
  [1, 1, ...ALONE],
  [3, 10, ...ALONE],
  [7, 16, ...ALONE],
  [8, 3, ...ALONE],
  [9, 17, ...ALONE],
  [17, 33, ...ALONE],
  [64, 10, ...ALONE],
  [100, 48, ...ALONE],
  [577, 5, ...ALONE],
].map(([inputs, outputs, ...rest]) => [1, 1, inputs, outputs, ...rest] as Row);

const POOLS: Row[] = [
  [4, 4, 1, 1, [2, 2], [2, 2], NO_PADDING],
  [5, 7, 3, 3, [3, 3], [2, 2], [1, 1, 1, 1]],
  [6, 6, 5, 5, [3, 3], [1, 1], [1, 1, 1, 1]],
  [7, 5, 16, 16, [3, 3], [2, 2], [0, 1, 1, 0]],
  [3, 9, 17, 17, [2, 5], [1, 3], [1, 2, 0, 2]],
  [8, 8, 40, 40, [8, 8], [1, 1], NO_PADDING],
  [1, 5, 15, 15, [1, 3], [1, 1], [0, 1, 0, 1]],
];

/** For ops without a window: global pools, sums, softmax. */
const PLANES: Row[] = [
  [1, 1, 1, 1, ...ALONE],
  [3, 5, 3, 3, ...ALONE],
  [4, 4, 16, 16, ...ALONE],
  [7, 3, 17, 17, ...ALONE],
  [8, 8, 64, 64, ...ALONE],
  [2, 9, 10, 10, ...ALONE],
];

const CONCATS: Row[] = [
  [1, 1, 1, 2, ...ALONE],
  [3, 5, 3, 10, ...ALONE],
  [4, 4, 16, 32, ...ALONE],
  [7, 3, 17, 20, ...ALONE],
  [2, 9, 40, 41, ...ALONE],
  [5, 2, 8, 56, ...ALONE],
];

const SUBSAMPLES: Row[] = [
  [4, 4, 1, 1, [1, 1], [2, 2], NO_PADDING],
  [5, 7, 3, 9, [1, 1], [2, 2], [0, 0, 0, 3]],
  [8, 8, 16, 32, [1, 1], [2, 2], [0, 0, 0, 8]],
  [6, 3, 17, 34, [1, 1], [3, 1], [0, 0, 0, 17]],
  [2, 2, 33, 33, [1, 1], [1, 1], NO_PADDING],
];

const TABLES: Record<WorkloadOp, Row[]> = {
  conv2d: [...CONVOLUTIONS, ...DEPTHWISE, ...GROUPED],
  dense: DENSE,
  averagePool: POOLS,
  maxPool: POOLS,
  globalAveragePool: PLANES,
  add: PLANES,
  concat: CONCATS,
  activation: PLANES,
  softmax: PLANES,
  subsample: SUBSAMPLES,
};

/** The fixed shapes of an op. */
export function shapesOf(op: WorkloadOp): WorkloadShape[] {
  return TABLES[op].map(([height, width, inChannels, outChannels, kernel, stride, padding, groups, dilation]) => ({
    height,
    width,
    inChannels,
    outChannels,
    kernel,
    stride,
    padding,
    groups: groups ?? 1,
    dilation: dilation ?? [1, 1],
  }));
}

/**
 * A shape with the largest K that a variant supports, at which the accumulator bound must hold: the template with as many
 * input channels as go; undefined where there is no bound, or where channels do not add to K.
 */
export function largestShape(variant: KernelVariant, template: Workload): WorkloadShape | undefined {
  if (template.groups !== 1) return undefined;
  const onePixel = variant.supports({ ...template, ...ONE_PIXEL });
  const shape = onePixel ? { ...template, ...ONE_PIXEL } : template;
  const supports = (inChannels: number) => variant.supports({ ...shape, inChannels });
  let low = 1;
  let high = 2 ** 24;
  if (supports(high)) return undefined;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (supports(middle)) low = middle;
    else high = middle;
  }
  return { ...shape, inChannels: low, outChannels: 9 };
}

const ONE_PIXEL = { height: 1, width: 1, kernel: [1, 1], stride: [1, 1], padding: NO_PADDING } as const;

/** Elements of the tensors of a workload; `operand` is the second one, where there is one. */
export function tensorSizes(w: Workload): { input: number; operand: number; output: number } {
  const input = w.height * w.width * w.inChannels;
  if (w.op === 'globalAveragePool') return { input, operand: 0, output: w.outChannels };
  // a subsample's padding is channels
  const [height, width] = outputSize(w.op === 'subsample' ? { ...w, padding: NO_PADDING } : w);
  const output = height * width * w.outChannels;
  return { input, operand: w.op === 'concat' ? output - input : output, output };
}
