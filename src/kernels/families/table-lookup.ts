import { assert } from '../../core/errors.ts';
import { outputSize, type Workload } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { activationMaximum, schemeBits } from '../../quant/scheme.ts';
import { firstChannel, integerInput } from '../convolution.ts';
import { hasPlainGeometry, innerSize, PACKING, packedInput, STAGE_BYTES } from '../geometry.ts';
import { sharedParameters } from '../parameter-values.ts';
import { writeParameterBlock } from '../parameters.ts';
import type { KernelVariant } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';

/** 16-bit sums and int32 accumulators before the tables: see assembly/table-lookup/sums.ts. */
const TABLES_AT = STAGE_BYTES + 256 + 512;
/** Three tables may be written, and three read, past the last one. */
const SLACK_BYTES = 64;
/** Words before the panels' constants: see assembly/table-lookup/store.ts. */
const HEADER_BYTES = 32;
/** Steps of a run are a multiple of this: `unroll` in scripts/kernels/tables.mjs. */
const UNROLL = 1;
/** What is added to the sums of planes, so that they are read as unsigned. */
const PLANES_RISE = 0x8000;
/** The index of nothing: both forms of swizzle give 0 for it. */
const NO_INDEX = 0x80;

/**
 * How index bits stand for weights: one bit for −1 and +1 (`signs`), or two planes of a two's complement, w = b0 − 2·b1.
 */
type Coding = 'signs' | 'planes';

interface Layout {
  /** Output channels of a tile. */
  columns: number;
  /** Index vectors of a step: one for each 16 channels, or one a plane. */
  vectors: number;
  coding: Coding;
  /** Greatest activation that the tables are made for. */
  maximum: number;
}

/** Variants of assembly/table-lookup/conv.ts; what an id says determines the rest. */
function tablesVariant(id: string): KernelVariant {
  const { scheme, op, isa, tile } = parseVariantId(id);
  const { weightBits, activationBits } = schemeBits(scheme);
  const coding = weightBits === 1 ? 'signs' : 'planes';
  const [pixels, columns] = tile;
  const maximum = activationMaximum(activationBits);
  const layout: Layout = { columns, vectors: coding === 'planes' ? 2 : columns / 16, coding, maximum };
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
    scratchBytes: (w) => TABLES_AT + tableInput(w).bytes + SLACK_BYTES,
    packedBytes: (w) => panelsOf(w, columns) * panelBytes(w, layout),
    packWeights: (layer) => packIndices(layer, layout),
    constantsBytes: (w) => offsetsAt(w) + windowCount(w, pixels) * 4,
    packConstants(layer) {
      const bytes = new Uint8Array(this.constantsBytes(layer.workload));
      const short = hasShortEpilogue(layer, layout);
      writeHeader(new DataView(bytes.buffer), layer, layout, short);
      writeChannelConstants(new DataView(bytes.buffer, HEADER_BYTES), layer, layout, short);
      writeOffsets(new DataView(bytes.buffer, offsetsAt(layer.workload)), layer.workload, pixels);
      return bytes;
    },
    writeParameters(memory, address, layer, addresses) {
      assert(layer.residual?.type !== 'f32', `the integer kernel of layer ${layer.name} has a u8 residual`);
      writeParameterBlock(memory, address, {
        ...sharedParameters(layer, addresses),
        ...integerInput({ centre: 0 }, layer),
        packing: PACKING[tableInput(layer.workload).packing],
        offsets: addresses.constants + offsetsAt(layer.workload),
      });
    },
  };
}

/** Sums must fit 16 bits: 0 .. m · K, or from −2 · m · K to m · K, which is moved up by 2¹⁵. */
function largestInnerSize({ coding, maximum }: Layout): number {
  return Math.floor(coding === 'signs' ? 0xffff / maximum : PLANES_RISE / (2 * maximum));
}

/** The tables of a pixel are 16 bytes for each 4 channels: as large as f32 elements of that many channels. */
function tableInput(w: Workload) {
  return packedInput({ ...w, inChannels: groupsOf(w) * 4 }, 4);
}

/** Tables a pixel. */
function groupsOf(w: Workload): number {
  return Math.ceil(w.inChannels / 4);
}

function panelsOf(w: Workload, columns: number): number {
  return Math.ceil(w.outChannels / columns);
}

function stepsOf(w: Workload): number {
  return Math.ceil((w.kernel[1] * groupsOf(w)) / UNROLL) * UNROLL;
}

function panelBytes(w: Workload, { vectors }: Layout): number {
  return w.kernel[0] * stepsOf(w) * vectors * 16;
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

/** Index vectors by panel, image row, step and vector; one byte a channel, of which four bits are four weights. */
function packIndices(layer: LayerArithmetic, layout: Layout): Uint8Array {
  const { workload: w, weights } = layer;
  assert(weights, `layer ${layer.name} has weights to pack`);
  const steps = stepsOf(w);
  const bytes = new Uint8Array(panelsOf(w, layout.columns) * panelBytes(w, layout)).fill(NO_INDEX);
  let at = 0;
  for (let panel = 0; panel * layout.columns < w.outChannels; panel++) {
    const first = firstChannel(panel, layout.columns, w.outChannels);
    for (let ky = 0; ky < w.kernel[0]; ky++) {
      for (let step = 0; step < steps; step++) {
        for (let vector = 0; vector < layout.vectors; vector++, at += 16) {
          if (step >= w.kernel[1] * groupsOf(w)) continue;
          for (let lane = 0; lane < 16; lane++) {
            const channel = first + channelOfLane(lane) + (layout.coding === 'signs' ? vector * 16 : 0);
            if (channel < w.outChannels) bytes[at + lane] = indexOf(layer, layout.coding, channel, ky, step, vector);
          }
        }
      }
    }
  }
  return bytes;
}

/** Four weights' bits; those past the last channel are 1 for signs and 0 for planes, see assembly/table-lookup/build.ts. */
function indexOf(layer: LayerArithmetic, coding: Coding, channel: number, ky: number, step: number, plane: number) {
  const { workload: w, weights } = layer;
  const groups = groupsOf(w);
  const pixel = (channel * w.kernel[0] + ky) * w.kernel[1] + Math.floor(step / groups);
  let index = 0;
  for (let j = 0; j < 4; j++) {
    const k = (step % groups) * 4 + j;
    const weight = k < w.inChannels ? weights![pixel * w.inChannels + k] : undefined;
    const bit = coding === 'signs' ? (weight === -1 ? 0 : 1) : ((weight ?? 0) >> plane) & 1;
    index |= bit << j;
  }
  return index;
}

/** Zero point of the integers that the tables are made of: after rescaling where the input is shared. */
function zeroPointOf(layer: LayerArithmetic): number {
  if (layer.rescale) return layer.rescale.zeroPoint;
  return layer.input.type === 'u8' ? layer.input.zeroPoint : 0;
}

/**
 * What takes off, from a channel's sum, the zero point, z · Σ w, and what sign tables add, m for each weight of −1, or what
 * planes are moved up by.
 */
function packedBias(layer: LayerArithmetic, channel: number, { coding, maximum }: Layout): number {
  const inner = innerSize(layer.workload);
  let sum = 0;
  let negative = 0;
  for (let k = channel * inner; k < (channel + 1) * inner; k++) {
    sum += layer.weights![k];
    if (layer.weights![k] < 0) negative++;
  }
  const added = coding === 'signs' ? maximum * negative : PLANES_RISE;
  return (layer.bias?.[channel] ?? 0) - zeroPointOf(layer) * sum - added;
}

/**
 * Whether the short epilogue is exact for every input: sums lie in 0 .. 2¹⁶ − 1, so the accumulator does between the packed
 * bias and that much more.
 */
function hasShortEpilogue(layer: LayerArithmetic, layout: Layout): boolean {
  const { workload: w } = layer;
  if (w.output !== 'u8' || w.outChannels < layout.columns) return false;
  const greatestSum = layout.coding === 'signs' ? layout.maximum * innerSize(w) : 0xffff;
  const residual = layer.residual ? 255 * Math.abs(layer.residualMultiplier ?? 0) : 0;
  for (let channel = 0; channel < w.outChannels; channel++) {
    const bias = packedBias(layer, channel, layout);
    const accumulator = Math.max(Math.abs(bias), Math.abs(bias + greatestSum));
    const value = accumulator * Math.abs(layer.multiplier?.[channel] ?? 0) + residual;
    if (Math.abs(bias) > 2 ** 22 || !(value <= 2 ** 21)) return false;
  }
  return true;
}

function writeHeader(view: DataView, layer: LayerArithmetic, { coding }: Layout, short: boolean): void {
  view.setUint32(0, short ? 1 : 0, true);
  view.setUint32(4, 0x4b004b00, true);
  view.setUint32(8, short ? layer.clampLow * 0x01010101 : 0, true);
  view.setUint32(12, short ? layer.clampHigh * 0x01010101 : 0, true);
  view.setUint32(16, coding === 'planes' ? PLANES_RISE * 0x00010001 : 0, true);
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

function writeOffsets(view: DataView, w: Workload, pixels: number): void {
  const [outHeight, outWidth] = outputSize(w);
  const { offset } = tableInput(w);
  for (let i = 0; i < windowCount(w, pixels); i++) {
    const pixel = Math.min(i, outHeight * outWidth - 1);
    view.setUint32(i * 4, offset(Math.floor(pixel / outWidth), pixel % outWidth), true);
  }
}

/** Kernels for one- and two-bit weights (assembly/table-lookup). */
export const TABLE_LOOKUP_VARIANTS = [
  tablesVariant('w1a1_conv_4x32__relaxed_tables'),
  tablesVariant('w1a1_conv_8x16__relaxed_tables'),
  tablesVariant('w1a2_conv_4x32__relaxed_tables'),
  tablesVariant('w1a2_conv_8x16__relaxed_tables'),
  tablesVariant('w1a4_conv_4x32__relaxed_tables'),
  tablesVariant('w1a4_conv_8x16__relaxed_tables'),
  tablesVariant('w2a2_conv_4x16__relaxed_tables'),
  tablesVariant('w1a1_conv_4x32__simd_tables'),
  tablesVariant('w1a1_conv_8x16__simd_tables'),
  tablesVariant('w1a2_conv_4x32__simd_tables'),
  tablesVariant('w1a2_conv_8x16__simd_tables'),
  tablesVariant('w1a4_conv_4x32__simd_tables'),
  tablesVariant('w1a4_conv_8x16__simd_tables'),
  tablesVariant('w2a2_conv_4x16__simd_tables'),
];
