import { assert } from '../core/errors.ts';
import { outputSize, type Workload } from '../network/workload.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import { hasPlainGeometry, innerSize, PACKING, packedInput, scratchFor } from './geometry.ts';
import { integerMultipliers, realScales, sharedParameters } from './parameter-values.ts';
import { writeParameterBlock } from './parameters.ts';
import type { KernelVariant } from './types.ts';
import { parseVariantId } from './variant-id.ts';

/**
 * Reads one weight of a panel: `channel` within the panel, image row `ky`, position `k` in the run of kernelWidth ×
 * inChannels; 0 past the last channel and past the end of the run.
 */
export type WeightAt = (channel: number, ky: number, k: number) => number;

/** What distinguishes one register-tiled kernel (`convolve` in assembly/inline/convolve.ts) from another. */
export interface TileDescription {
  id: string;
  /** Elements of the k-run that one step takes, and the bytes of a weight panel that it takes. */
  step: number;
  stepBytes: number;
  /** How the packed input is stored. */
  element: 'f32' | 'i16' | 'u8';
  /** Largest kernelHeight · kernelWidth · inChannels for which the accumulator bound holds; the proof stands by the kernel. */
  largestInnerSize: number;
  /** What integer kernels take off every input element while packing; the zero point where it is absent. */
  centre?: number;
  /** Writes one panel: `rows` × `steps` steps, the last of which ends at or after `run`. `target` is all zeros. */
  packPanel(target: DataView, weightAt: WeightAt, rows: number, steps: number, run: number): void;
}

const ELEMENT_BYTES = { f32: 4, i16: 2, u8: 1 } as const;

/** Makes the variant of a tile: support, sizes, packing and parameter block all follow from the description. */
export function tiledVariant(tile: TileDescription): KernelVariant {
  const { scheme, op, isa, tile: tileSize } = parseVariantId(tile.id);
  const [pixels, columns] = tileSize;
  const elementBytes = ELEMENT_BYTES[tile.element];
  const panels = (w: Workload) => Math.ceil(w.outChannels / columns);
  const steps = (w: Workload) => Math.ceil((w.kernel[1] * w.inChannels) / tile.step);
  const panelBytes = (w: Workload) => w.kernel[0] * steps(w) * tile.stepBytes;
  const offsetsAt = (w: Workload) => panels(w) * columns * 8;
  return {
    id: tile.id,
    op,
    scheme,
    isa,
    supports: (w) =>
      w.op === op &&
      hasPlainGeometry(w) &&
      innerSize(w) <= tile.largestInnerSize &&
      (tile.element === 'f32' || w.input !== 'f32') &&
      (op === 'conv2d' || (w.height === 1 && w.width === 1 && innerSize(w) === w.inChannels)),
    scratchBytes: (w) => scratchFor(packedInput(w, elementBytes).bytes),
    packedBytes: (w) => panels(w) * panelBytes(w),
    packWeights: (layer) => packPanels(tile, layer, columns, steps(layer.workload), panelBytes(layer.workload)),
    constantsBytes: (w) => offsetsAt(w) + windowCount(w, pixels) * 4,
    packConstants(layer) {
      const bytes = new Uint8Array(this.constantsBytes(layer.workload));
      writePanelConstants(new DataView(bytes.buffer), tile, layer, columns);
      writeOffsets(new DataView(bytes.buffer, offsetsAt(layer.workload)), layer.workload, elementBytes, pixels);
      return bytes;
    },
    writeParameters(memory, address, layer, addresses) {
      const w = layer.workload;
      const readable = tile.element === 'f32' || layer.residual?.type !== 'f32';
      assert(readable, `the integer kernel of layer ${layer.name} has a u8 residual`);
      writeParameterBlock(memory, address, {
        ...sharedParameters(layer, addresses),
        packing: PACKING[packedInput(w, elementBytes).packing],
        offsets: addresses.constants + offsetsAt(w),
        ...(tile.element === 'f32' ? realScales(layer) : integerInput(tile, layer)),
      });
    },
  };
}

/** Entries of the offset table: one an output pixel, and the last repeated up to a whole tile. */
function windowCount(w: Workload, pixels: number): number {
  const [outHeight, outWidth] = outputSize(w);
  return Math.max(outHeight * outWidth, pixels);
}

/** First channel of a panel: the last panel is shifted back to end at the last channel, as the kernel does. */
export function firstChannel(panel: number, columns: number, channels: number): number {
  return Math.min(panel * columns, Math.max(channels - columns, 0));
}

function packPanels(
  tile: TileDescription,
  layer: LayerArithmetic,
  columns: number,
  steps: number,
  panelBytes: number,
): Uint8Array {
  const { workload: w, weights } = layer;
  assert(weights, `layer ${layer.name} has weights to pack`);
  const run = w.kernel[1] * w.inChannels;
  const bytes = new Uint8Array(Math.ceil(w.outChannels / columns) * panelBytes);
  for (let panel = 0; panel * columns < w.outChannels; panel++) {
    const first = firstChannel(panel, columns, w.outChannels);
    const weightAt: WeightAt = (channel, ky, k) => {
      if (k >= run || first + channel >= w.outChannels) return 0;
      return weights[((first + channel) * w.kernel[0] + ky) * run + k];
    };
    tile.packPanel(new DataView(bytes.buffer, panel * panelBytes, panelBytes), weightAt, w.kernel[0], steps, run);
  }
  return bytes;
}

/** Per panel: `columns` biases, then `columns` multipliers; zero past the last channel. */
export function writePanelConstants(
  view: DataView,
  tile: Pick<TileDescription, 'element' | 'centre'>,
  layer: LayerArithmetic,
  columns: number,
): void {
  const { outChannels } = layer.workload;
  const isReal = tile.element === 'f32';
  const bias = isReal ? layer.bias : integerBias(tile, layer);
  for (let panel = 0; panel * columns < outChannels; panel++) {
    const first = firstChannel(panel, columns, outChannels);
    for (let i = 0; i < Math.min(columns, outChannels); i++) {
      const at = (panel * 2 * columns + i) * 4;
      if (isReal) view.setFloat32(at, bias?.[first + i] ?? 0, true);
      else view.setInt32(at, bias?.[first + i] ?? 0, true);
      view.setFloat32(at + columns * 4, layer.multiplier?.[first + i] ?? 0, true);
    }
  }
}

function writeOffsets(view: DataView, w: Workload, elementBytes: 1 | 2 | 4, pixels: number): void {
  const [outHeight, outWidth] = outputSize(w);
  const { offset } = packedInput(w, elementBytes);
  for (let i = 0; i < windowCount(w, pixels); i++) {
    const pixel = Math.min(i, outHeight * outWidth - 1);
    view.setUint32(i * 4, offset(Math.floor(pixel / outWidth), pixel % outWidth), true);
  }
}

/** Zero point of the integers that the kernel multiplies: after rescaling where the input is shared. */
export function kernelZeroPoint(layer: LayerArithmetic): number {
  if (layer.rescale) return layer.rescale.zeroPoint;
  return layer.input.type === 'u8' ? layer.input.zeroPoint : 0;
}

/**
 * The bias for centred activations: with x = q − z and x' = q − centre, Σ x·w = Σ x'·w + (centre − z)·Σ w. Padding needs no
 * exception, because its halo holds z − centre.
 */
function integerBias(tile: Pick<TileDescription, 'centre'>, layer: LayerArithmetic): Int32Array {
  const { outChannels } = layer.workload;
  const weights = layer.weights!;
  const bias = Int32Array.from(layer.bias ?? new Int32Array(outChannels));
  const shift = (tile.centre ?? kernelZeroPoint(layer)) - kernelZeroPoint(layer);
  const inner = weights.length / outChannels;
  for (let c = 0; c < outChannels; c++) {
    let sum = 0;
    for (let k = c * inner; k < (c + 1) * inner; k++) sum += weights[k];
    bias[c] = (bias[c] + Math.imul(shift, sum)) | 0;
  }
  return bias;
}

/** The fields by which integer kernels pack their input. */
export function integerInput(tile: Pick<TileDescription, 'centre'>, layer: LayerArithmetic) {
  const zeroPoint = kernelZeroPoint(layer);
  const centre = tile.centre ?? zeroPoint;
  const rescale = layer.rescale;
  return {
    ...integerMultipliers(layer),
    inputCentre: centre,
    inputHalo: zeroPoint - centre,
    rescaleMultiplier: rescale?.multiplier ?? 0,
    rescaleShift: rescale?.shift ?? 0,
    rescaleZeroPoint: rescale?.zeroPoint ?? 0,
    rescaleMaximum: rescale ? 2 ** rescale.bits - 1 : 0,
  };
}
