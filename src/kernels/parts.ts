import { outputSize, type Workload, workloadMacs } from '../network/workload.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import type { KernelVariant } from './types.ts';
import { parseVariantId } from './variant-id.ts';

/** Output channels from `first` to before `end`. */
export interface ChannelRange {
  first: number;
  end: number;
}

/** A share of a layer for one thread: the same layer with fewer output rows, or fewer channels where it has one pixel. */
export interface LayerPart {
  workload: Workload;
  /** Where the share begins in each tensor, in elements; `operand` is the residual or second input. */
  offsets: { input: number; operand: number; output: number };
  /** Present where channels are shared out; then the part packs the weights of its own channels only. */
  channels?: ChannelRange;
}

/** Pieces smaller than this are not worth another thread, ns: handing one over and waiting for it takes about 1 µs. */
const LEAST_PART_NS = 1500;
/** Rough speeds; they only decide how many threads share a layer. */
const MACS_PER_NS = 30;
const ELEMENTS_PER_NS = 8;

type Divisible = Pick<KernelVariant, 'id' | 'supports' | 'rowsTogether'>;

/**
 * The parts in which a layer runs with so many threads; a list of one where it stays whole, because it is too small to gain
 * or cannot be divided. It depends on nothing but the arguments, so a table and the engine agree on it.
 */
export function layerParts(variant: Divisible, workload: Workload, threads: number): LayerPart[] {
  return divideLayer(variant, workload, Math.min(threads, Math.floor(estimatedNs(workload) / LEAST_PART_NS)));
}

/**
 * Divides a layer as evenly as it goes and without any change to its result: each part reads its own rows of the input with
 * the real neighbouring rows, and keeps the padding only at the image's own edges. Where every output pixel depends on one
 * input pixel, parts may begin within a row. Layers of a single output pixel are divided by channels.
 *
 * @returns at most `most` parts, in order; one where the layer cannot be divided.
 */
export function divideLayer(variant: Divisible, workload: Workload, most: number): LayerPart[] {
  const parts = most >= 2 ? divide(variant, workload, most) : [];
  if (parts.length >= 2 && parts.every((part) => variant.supports(part.workload))) return parts;
  return [{ workload, offsets: { input: 0, operand: 0, output: 0 } }];
}

/** The layer of one part. */
export function partOfLayer(layer: LayerArithmetic, { workload, channels }: LayerPart): LayerArithmetic {
  if (!channels || !layer.weights) return { ...layer, workload };
  const { first, end } = channels;
  const inner = layer.weights.length / layer.workload.outChannels;
  return {
    ...layer,
    workload,
    weights: layer.weights.subarray(first * inner, end * inner),
    bias: layer.bias?.subarray(first, end),
    multiplier: layer.multiplier?.subarray(first, end),
  };
}

/** Scratch that a layer takes with so many threads: what a table records and the arena is planned with. */
export function scratchBytesOf(variant: KernelVariant, workload: Workload, threads: number): number {
  return scratchOffsets(variant, layerParts(variant, workload, threads)).at(-1)!;
}

const CACHE_LINE_BYTES = 64;

/** Where each part's scratch begins, and at last where all end; no two parts write to one cache line. */
export function scratchOffsets(variant: KernelVariant, parts: readonly LayerPart[]): number[] {
  const offsets = [0];
  for (const [i, { workload }] of parts.entries()) {
    const end = offsets[i] + variant.scratchBytes(workload);
    const isLast = i === parts.length - 1;
    offsets.push(isLast ? end : Math.ceil(end / CACHE_LINE_BYTES) * CACHE_LINE_BYTES);
  }
  return offsets;
}

function estimatedNs(w: Workload): number {
  const [height, width] = outputSize(w);
  const elements = w.height * w.width * w.inChannels + height * width * w.outChannels;
  return workloadMacs(w) / MACS_PER_NS + elements / ELEMENTS_PER_NS;
}

function divide(variant: Pick<KernelVariant, 'id' | 'rowsTogether'>, workload: Workload, parts: number): LayerPart[] {
  const { op } = workload;
  if (op === 'globalAveragePool' || op === 'softmax') return [];
  const [outHeight, outWidth] = outputSize(workload);
  const [pixels, columns] = parseVariantId(variant.id).tile;
  if (outHeight * outWidth === 1) {
    if ((op !== 'dense' && op !== 'conv2d') || workload.groups !== 1) return [];
    return ranges(workload.outChannels, columns, parts).map((range) => channelPart(workload, range));
  }
  const image = isPointwise(workload) ? asColumn(workload) : workload;
  const together = image === workload ? (variant.rowsTogether ?? 1) : pixels;
  const shares = ranges(outputSize(image)[0], together, parts).map(({ first, end }) => rowPart(image, first, end));
  return shares.every((part) => part !== undefined) ? shares : [];
}

/** Divides `count` into ranges of whole units as even as can be, the larger ones first; fewer where there are not enough. */
function ranges(count: number, unit: number, parts: number): ChannelRange[] {
  const units = Math.ceil(count / unit);
  const used = Math.min(parts, units);
  return Array.from({ length: used }, (_, i) => {
    const before = (n: number) => n * Math.floor(units / used) + Math.min(n, units % used);
    return { first: before(i) * unit, end: Math.min(before(i + 1) * unit, count) };
  });
}

/** Whether each output pixel depends on the input pixel in its place alone. */
function isPointwise(w: Workload): boolean {
  return w.op !== 'subsample' && [...w.kernel, ...w.stride].every((n) => n === 1) && w.padding.every((n) => n === 0);
}

/** The same pixels as an image of one column, which can be divided between any two. */
function asColumn(w: Workload): Workload {
  return { ...w, height: w.height * w.width, width: 1 };
}

function channelPart(w: Workload, channels: ChannelRange): LayerPart {
  const { first, end } = channels;
  return {
    workload: { ...w, outChannels: end - first },
    offsets: { input: 0, operand: first, output: first },
    channels,
  };
}

/** Output rows from `first` to before `end`; undefined where their windows lie in the padding altogether. */
function rowPart(w: Workload, first: number, end: number): LayerPart | undefined {
  const [top, right, , left] = w.op === 'subsample' ? [0, 0, 0, 0] : w.padding;
  const firstRow = first * w.stride[0] - top;
  const lastRow = (end - 1) * w.stride[0] - top + (w.kernel[0] - 1) * w.dilation[0];
  const from = Math.max(firstRow, 0);
  const to = Math.min(lastRow, w.height - 1);
  if (to < from) return undefined;
  const outWidth = outputSize(w)[1];
  const operandChannels = w.op === 'concat' ? w.outChannels - w.inChannels : w.outChannels;
  return {
    workload: {
      ...w,
      height: to - from + 1,
      padding: w.op === 'subsample' ? w.padding : [from - firstRow, right, lastRow - to, left],
    },
    offsets: {
      input: from * w.width * w.inChannels,
      operand: first * outWidth * operandChannels,
      output: first * outWidth * w.outChannels,
    },
  };
}
