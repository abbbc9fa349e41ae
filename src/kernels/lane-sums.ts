import { assert } from '../core/errors.ts';
import { outputSize, type Workload } from '../network/workload.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import { activationMaximum, schemeBits } from '../quant/scheme.ts';
import { firstChannel, integerInput } from './convolution.ts';
import { hasPlainGeometry, innerSize, PACKING, packedInput, STAGE_BYTES } from './geometry.ts';
import { sharedParameters } from './parameter-values.ts';
import { writeParameterBlock } from './parameters.ts';
import type { KernelVariant } from './types.ts';
import { parseVariantId } from './variant-id.ts';

/** 16-bit sums and int32 accumulators before the packed input: see assembly/table-lookup/sums.ts. */
const PACKED_AT = STAGE_BYTES + 1024 + 256;
/** Up to three tables are written past the last one. */
const SLACK_BYTES = 64;
/** Words before the panels' constants: see assembly/table-lookup/store.ts. */
const HEADER_BYTES = 32;
/** What is added to the sums of planes, so that they are read as unsigned. */
const PLANES_RISE = 0x8000;

/** What distinguishes one kernel whose sums are in byte lanes (assembly/table-lookup/convolve.ts) from another. */
export interface LaneDescription {
  id: string;
  /** Channels of a pixel that one step takes, and the bytes of packed input that stand for them. */
  groupChannels: 4 | 8;
  groupBytes: number;
  /** The bit that stands for a weight of +1 where weights have one bit; absent weights have it too. */
  plusBit: 0 | 1;
}

interface Layout extends LaneDescription {
  /** Output channels of a tile. */
  columns: number;
  /**
   * Whether the bits of weights are planes of a two's complement, w = b0 − 2·b1, with a vector for each plane; else one bit
   * stands for −1 or +1, with a vector for each 16 channels.
   */
  planes: boolean;
  /** Vectors of weights a step. */
  vectors: number;
  /** Greatest activation m of the kernel's scheme. */
  maximum: number;
}

/** Makes the variant of a kernel: support, sizes, packing and parameter block all follow from the description. */
export function laneVariant(description: LaneDescription): KernelVariant {
  const { id } = description;
  const { scheme, op, isa, tile } = parseVariantId(id);
  const { weightBits, activationBits } = schemeBits(scheme);
  const planes = weightBits === 2;
  const [pixels, columns] = tile;
  const maximum = activationMaximum(activationBits);
  const layout: Layout = { ...description, columns, planes, vectors: planes ? 2 : columns / 16, maximum };
  const offsetsAt = (w: Workload) => HEADER_BYTES + panelsOf(w, columns) * columns * 8;
  return {
    id,
    op,
    scheme,
    isa,
    supports: (w) =>
      w.op === op &&
      hasPlainGeometry(w) &&
      w.input !== 'f32' &&
      (columns === 16 || w.outChannels >= columns) &&
      innerSize(w) <= largestInnerSize(layout),
    scratchBytes: (w) => PACKED_AT + Math.ceil((groupedInput(w, layout).bytes + SLACK_BYTES) / 16) * 16,
    packedBytes: (w) => panelsOf(w, columns) * panelBytes(w, layout),
    packWeights: (layer) => packBits(layer, layout),
    constantsBytes: (w) => offsetsAt(w) + windowCount(w, pixels) * 4,
    packConstants(layer) {
      const bytes = new Uint8Array(this.constantsBytes(layer.workload));
      const short = hasShortEpilogue(layer, layout);
      writeHeader(new DataView(bytes.buffer), layer, layout, short);
      writeChannelConstants(new DataView(bytes.buffer, HEADER_BYTES), layer, layout, short);
      writeOffsets(new DataView(bytes.buffer, offsetsAt(layer.workload)), layer.workload, layout, pixels);
      return bytes;
    },
    writeParameters(memory, address, layer, addresses) {
      assert(layer.residual?.type !== 'f32', `the integer kernel of layer ${layer.name} has a u8 residual`);
      writeParameterBlock(memory, address, {
        ...sharedParameters(layer, addresses),
        ...integerInput({ centre: 0 }, layer),
        packing: PACKING[groupedInput(layer.workload, layout).packing],
        offsets: addresses.constants + offsetsAt(layer.workload),
      });
    },
  };
}

/** Sums must fit 16 bits: 0 .. m · K, or from −2 · m · K to m · K, which is moved up by 2¹⁵. */
function largestInnerSize({ planes, maximum }: Layout): number {
  return Math.floor(planes ? PLANES_RISE / (2 * maximum) : 0xffff / maximum);
}

/** Where the tiles read: as if a pixel were its groups' bytes, in elements of 4. */
function groupedInput(w: Workload, layout: Layout) {
  return packedInput({ ...w, inChannels: (groupsOf(w, layout) * layout.groupBytes) / 4 }, 4);
}

/** Groups of a pixel's channels. */
function groupsOf(w: Workload, { groupChannels }: Layout): number {
  return Math.ceil(w.inChannels / groupChannels);
}

function panelsOf(w: Workload, columns: number): number {
  return Math.ceil(w.outChannels / columns);
}

function stepsOf(w: Workload, layout: Layout): number {
  return w.kernel[1] * groupsOf(w, layout);
}

function panelBytes(w: Workload, layout: Layout): number {
  return w.kernel[0] * stepsOf(w, layout) * layout.vectors * 16;
}

/** Entries of the offset table: one an output pixel, and the last repeated up to a whole tile. */
function windowCount(w: Workload, pixels: number): number {
  const [outHeight, outWidth] = outputSize(w);
  return Math.max(outHeight * outWidth, pixels);
}

/** The channel, within 16, whose sums are in a byte lane: the lanes alternate between c and c + 8. */
function channelOfLane(lane: number): number {
  return (lane >> 1) + 8 * (lane & 1);
}

/** Weights by panel, image row, step and vector; a byte of each channel holds the bits of a group. */
function packBits(layer: LayerArithmetic, layout: Layout): Uint8Array {
  const { workload: w, weights } = layer;
  assert(weights, `layer ${layer.name} has weights to pack`);
  const steps = stepsOf(w, layout);
  const bytes = new Uint8Array(panelsOf(w, layout.columns) * panelBytes(w, layout));
  let at = 0;
  for (let panel = 0; panel * layout.columns < w.outChannels; panel++) {
    const first = firstChannel(panel, layout.columns, w.outChannels);
    for (let ky = 0; ky < w.kernel[0]; ky++) {
      for (let step = 0; step < steps; step++) {
        for (let vector = 0; vector < layout.vectors; vector++, at += 16) {
          for (let lane = 0; lane < 16; lane++) {
            const channel = first + channelOfLane(lane) + (layout.planes ? 0 : vector * 16);
            if (channel < w.outChannels) bytes[at + lane] = bitsOf(layer, layout, channel, ky, step, vector);
          }
        }
      }
    }
  }
  return bytes;
}

/** A group's bits; those past the last channel count nothing, see assembly/table-lookup/build.ts and its like. */
function bitsOf(layer: LayerArithmetic, layout: Layout, channel: number, ky: number, step: number, plane: number) {
  const { workload: w, weights } = layer;
  const { groupChannels, planes, plusBit } = layout;
  const groups = groupsOf(w, layout);
  const pixel = (channel * w.kernel[0] + ky) * w.kernel[1] + Math.floor(step / groups);
  let bits = 0;
  for (let j = 0; j < groupChannels; j++) {
    const k = (step % groups) * groupChannels + j;
    const weight = k < w.inChannels ? weights![pixel * w.inChannels + k] : undefined;
    const bit = planes ? ((weight ?? 0) >> plane) & 1 : weight === -1 ? 1 - plusBit : plusBit;
    bits |= bit << j;
  }
  return bits;
}

/** Zero point of the packed activations: after rescaling where the input is shared. */
function zeroPointOf(layer: LayerArithmetic): number {
  if (layer.rescale) return layer.rescale.zeroPoint;
  return layer.input.type === 'u8' ? layer.input.zeroPoint : 0;
}

/**
 * What takes off, from a channel's sum, the zero point, z · Σ w, and what signs add, m for each weight of −1, or what
 * planes are moved up by.
 */
function packedBias(layer: LayerArithmetic, channel: number, { planes, maximum }: Layout): number {
  const inner = innerSize(layer.workload);
  let sum = 0;
  let negative = 0;
  for (let k = channel * inner; k < (channel + 1) * inner; k++) {
    sum += layer.weights![k];
    if (layer.weights![k] < 0) negative++;
  }
  const added = planes ? PLANES_RISE : maximum * negative;
  return (layer.bias?.[channel] ?? 0) - zeroPointOf(layer) * sum - added;
}

/**
 * Whether the short epilogue is exact for every input: sums lie in 0 .. 2¹⁶ − 1, so the accumulator does between the packed
 * bias and that much more.
 */
function hasShortEpilogue(layer: LayerArithmetic, layout: Layout): boolean {
  const { workload: w } = layer;
  if (w.output !== 'u8' || w.outChannels < layout.columns) return false;
  const greatestSum = layout.planes ? 0xffff : layout.maximum * innerSize(w);
  const residual = layer.residual ? 255 * Math.abs(layer.residualMultiplier ?? 0) : 0;
  for (let channel = 0; channel < w.outChannels; channel++) {
    const bias = packedBias(layer, channel, layout);
    const accumulator = Math.max(Math.abs(bias), Math.abs(bias + greatestSum));
    const value = accumulator * Math.abs(layer.multiplier?.[channel] ?? 0) + residual;
    if (Math.abs(bias) > 2 ** 22 || !(value <= 2 ** 21)) return false;
  }
  return true;
}

function writeHeader(view: DataView, layer: LayerArithmetic, { planes }: Layout, short: boolean): void {
  view.setUint32(0, short ? 1 : 0, true);
  view.setUint32(4, 0x4b004b00, true);
  view.setUint32(8, short ? layer.clampLow * 0x01010101 : 0, true);
  view.setUint32(12, short ? layer.clampHigh * 0x01010101 : 0, true);
  view.setUint32(16, planes ? PLANES_RISE * 0x00010001 : 0, true);
}

/** Per panel: `columns` biases, then as many multipliers; zero past the last channel. Short epilogues add f32 biases − 2²³. */
function writeChannelConstants(view: DataView, layer: LayerArithmetic, layout: Layout, short: boolean): void {
  const { columns } = layout;
  const { outChannels } = layer.workload;
  for (let panel = 0; panel * columns < outChannels; panel++) {
    const first = firstChannel(panel, columns, outChannels);
    for (let i = 0; i < Math.min(columns, outChannels); i++) {
      const bias = packedBias(layer, first + i, layout);
      const at = (panel * 2 * columns + i) * 4;
      if (short) view.setFloat32(at, bias - 2 ** 23, true);
      else view.setInt32(at, bias, true);
      view.setFloat32(at + columns * 4, layer.multiplier?.[first + i] ?? 0, true);
    }
  }
}

function writeOffsets(view: DataView, w: Workload, layout: Layout, pixels: number): void {
  const [outHeight, outWidth] = outputSize(w);
  const { offset } = groupedInput(w, layout);
  for (let i = 0; i < windowCount(w, pixels); i++) {
    const pixel = Math.min(i, outHeight * outWidth - 1);
    view.setUint32(i * 4, offset(Math.floor(pixel / outWidth), pixel % outWidth), true);
  }
}
