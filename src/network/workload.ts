import type { Activation, ActivationFunction, Padding, Pair } from './types.ts';

export type WorkloadOp =
  | 'conv2d'
  | 'dense'
  | 'averagePool'
  | 'maxPool'
  | 'globalAveragePool'
  | 'add'
  | 'concat'
  | 'activation'
  | 'subsample'
  | 'softmax';

/** How a tensor lies in memory: `shared` is a u8 tensor with several consumers, kept at 8 bits. */
export type InputFormat = 'u8' | 'shared' | 'f32';
export type OutputFormat = 'u8' | 'f32';

/**
 * One layer's arithmetic without its weights. Two layers with equal workloads share measurements.
 * Ops without a kernel window have kernel [1,1], stride [1,1], padding 0 (subsample keeps its stride; its channels
 * before are `padding[3]`, left; a reshape is one with stride 1). A concat's inChannels are those of its first operand. `dense` has height = width = 1 and inChannels = the flattened input.
 */
export interface Workload {
  op: WorkloadOp;
  batch: 1;
  height: number;
  width: number;
  inChannels: number;
  outChannels: number;
  kernel: Pair;
  stride: Pair;
  padding: Padding;
  dilation: Pair;
  groups: number;
  activation: Activation | ActivationFunction;
  /** A second tensor of the output's shape is added before the activation (conv2d). */
  residual: boolean;
  input: InputFormat;
  output: OutputFormat;
}

/**
 * The LUT key of a workload without its scheme.
 *
 * @example workloadKey({ op: 'conv2d', batch: 1, height: 32, width: 32, inChannels: 16, outChannels: 16, kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1, activation: 'relu', residual: false, input: 'u8', output: 'u8' }) // => 'conv2d/n1-h32-w32-ci16-co16-k3x3-s1x1-p1.1.1.1-d1x1-g1-relu-r0-u8:u8'
 */
export function workloadKey(w: Workload): string {
  let key = KEYS.get(w);
  if (key === undefined) KEYS.set(w, (key = composeKey(w)));
  return key;
}

/** Workloads are never changed, and searches ask for the keys of the same ones many thousand times. */
const KEYS = new WeakMap<Workload, string>();

function composeKey(w: Workload): string {
  const shape = `n${w.batch}-h${w.height}-w${w.width}-ci${w.inChannels}-co${w.outChannels}`;
  const window = `k${w.kernel.join('x')}-s${w.stride.join('x')}-p${w.padding.join('.')}-d${w.dilation.join('x')}`;
  return `${w.op}/${shape}-${window}-g${w.groups}-${w.activation}-r${w.residual ? 1 : 0}-${w.input}:${w.output}`;
}

/**
 * Output height and width of a workload; the only place where this geometry is computed.
 *
 * @example outputSize({ height: 32, width: 32, kernel: [3, 3], stride: [2, 2], padding: [0, 1, 1, 0], dilation: [1, 1] }) // => [16, 16]
 */
export function outputSize(w: Windowed): Pair {
  // a subsampling's padding counts channels, not pixels
  const padding = w.op === 'subsample' ? [0, 0, 0, 0] : w.padding;
  const along = (size: number, before: number, after: number, axis: 0 | 1) =>
    Math.floor((size + before + after - (w.kernel[axis] - 1) * w.dilation[axis] - 1) / w.stride[axis]) + 1;
  return [along(w.height, padding[0], padding[2], 0), along(w.width, padding[3], padding[1], 1)];
}

type Windowed = Pick<Workload, 'height' | 'width' | 'kernel' | 'stride' | 'padding' | 'dilation'> & { op?: WorkloadOp };

/**
 * Multiply-accumulates of a workload; only convolutions and dense layers count.
 *
 * @example workloadMacs({ op: 'dense', batch: 1, height: 1, width: 1, inChannels: 64, outChannels: 10, kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, activation: 'none', residual: false, input: 'u8', output: 'f32' }) // => 640
 */
export function workloadMacs(w: Workload): number {
  if (w.op !== 'conv2d' && w.op !== 'dense') return 0;
  const [height, width] = outputSize(w);
  return height * width * w.outChannels * ((w.inChannels / w.groups) * w.kernel[0] * w.kernel[1]);
}
