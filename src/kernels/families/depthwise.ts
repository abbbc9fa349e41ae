import { assert } from '../../core/errors.ts';
import { outputSize, type Workload } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { firstChannel, integerInput, writePanelConstants } from '../convolution.ts';
import { innerSize, scratchFor } from '../geometry.ts';
import { sharedParameters } from '../parameter-values.ts';
import { writeParameterBlock } from '../parameters.ts';
import type { KernelVariant, LayerAddresses } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';

/** K · 255 · 127 ≤ 2³¹ − 1. */
const LARGEST_INNER_SIZE = Math.floor((2 ** 31 - 1) / (255 * 127));

/** int8 depthwise convolutions of any window, stride and dilation (scripts/kernels/depthwise.mjs). */
function depthwise(id: string): KernelVariant {
  const { scheme, op, isa, tile } = parseVariantId(id);
  const [pixels, columns] = tile;
  const panels = (w: Workload) => Math.ceil(w.outChannels / columns);
  /** Taps with the partner of an odd last one. */
  const steps = (w: Workload) => Math.ceil(innerSize(w) / 2) * 2;
  const tapBytes = (w: Workload) => Math.ceil((steps(w) * 4) / 16) * 16;
  const panelBytes = (w: Workload) => steps(w) * columns * 2;
  const offsetsAt = (w: Workload) => panels(w) * columns * 8 + tapBytes(w);
  /** Entries of the offset table: a tile that begins at the last pixel reads the last one again. */
  const windows = (w: Workload) => outputSize(w)[0] * outputSize(w)[1] + pixels - 1;
  const rowBytes = ({ width, padding, inChannels }: Workload) => (width + padding[1] + padding[3]) * inChannels;
  const imageBytes = (w: Workload) => (w.height + w.padding[0] + w.padding[2]) * rowBytes(w);
  return {
    id,
    op,
    scheme,
    isa,
    supports: (w) => isDepthwise(w) && w.input !== 'f32' && innerSize(w) <= LARGEST_INNER_SIZE,
    // the image, and the sums of one row of outputs
    scratchBytes: (w) => scratchFor(imageBytes(w) + 48 + Math.max(outputSize(w)[1], pixels) * 64),
    packedBytes: (w) => panels(w) * panelBytes(w),
    packWeights: (layer) => packWeights(layer, columns, steps(layer.workload)),
    constantsBytes: (w) => offsetsAt(w) + windows(w) * 4,
    packConstants(layer) {
      const w = layer.workload;
      const bytes = new Uint8Array(this.constantsBytes(w));
      const view = new DataView(bytes.buffer);
      writePanelConstants(view, { element: 'u8', centre: 0 }, layer, columns);
      const taps = offsetsAt(w) - tapBytes(w);
      for (let tap = 0; tap < innerSize(w); tap++) {
        const [ky, kx] = [Math.floor(tap / w.kernel[1]), tap % w.kernel[1]];
        const offset = ky * w.dilation[0] * rowBytes(w) + kx * w.dilation[1] * w.inChannels;
        view.setUint32(taps + tap * 4, offset, true);
      }
      const [outHeight, outWidth] = outputSize(w);
      for (let i = 0; i < windows(w); i++) {
        const pixel = Math.min(i, outHeight * outWidth - 1);
        const [y, x] = [Math.floor(pixel / outWidth) * w.stride[0], (pixel % outWidth) * w.stride[1]];
        view.setUint32(offsetsAt(w) + i * 4, y * rowBytes(w) + x * w.inChannels, true);
      }
      return bytes;
    },
    writeParameters(memory, address, layer, addresses) {
      writeBytesParameters(memory, address, layer, addresses, addresses.constants + offsetsAt(layer.workload));
    },
  };
}

/** The parameters of kernels that read bytes; `offsets` 0 where there is no table. */
function writeBytesParameters(
  memory: DataView,
  address: number,
  layer: LayerArithmetic,
  addresses: LayerAddresses,
  offsets: number,
): void {
  assert(layer.residual?.type !== 'f32', `the integer kernel of layer ${layer.name} has a u8 residual`);
  writeParameterBlock(memory, address, {
    ...sharedParameters(layer, addresses),
    offsets,
    ...integerInput({ centre: 0 }, layer),
  });
}

function isDepthwise(w: Workload): boolean {
  const [outHeight, outWidth] = outputSize(w);
  return (
    w.op === 'conv2d' &&
    w.batch === 1 &&
    w.groups === w.inChannels &&
    w.groups === w.outChannels &&
    Math.min(outHeight, outWidth, w.inChannels) >= 1
  );
}

/** Panels of twice [pair of taps][channel][tap of the pair] i16 for 8 channels. */
function packWeights({ workload: w, weights, name }: LayerArithmetic, columns: number, steps: number) {
  assert(weights, `layer ${name} has weights to pack`);
  const taps = innerSize(w);
  const panelBytes = steps * columns * 2;
  const bytes = new Uint8Array(Math.ceil(w.outChannels / columns) * panelBytes);
  for (let panel = 0; panel * columns < w.outChannels; panel++) {
    const view = new DataView(bytes.buffer, panel * panelBytes, panelBytes);
    const first = firstChannel(panel, columns, w.outChannels);
    for (let c = 0; c < Math.min(columns, w.outChannels); c++) {
      for (let tap = 0; tap < taps; tap++) {
        const weight = weights[(first + c) * taps + tap];
        view.setInt16((c >> 3) * steps * 16 + (tap >> 1) * 32 + (c & 7) * 4 + (tap & 1) * 2, weight, true);
      }
    }
  }
  return bytes;
}

/** Taps of the pairs of 3 × 3 kernels; the last has no partner. */
const PAIRS = [
  [0, 3],
  [1, 4],
  [2, 5],
  [6, 7],
  [8, -1],
];

/** int8 depthwise convolutions of 3 × 3 without holes: `trick` ends with the stride. */
function depthwise3x3(id: string): KernelVariant {
  const stride = Number(id.at(-1));
  const general = depthwise(id);
  const columns = 16;
  const panelBytes = 2 * PAIRS.length * 32;
  const panels = (w: Workload) => Math.ceil(w.outChannels / columns);
  return {
    ...general,
    supports: (w) =>
      general.supports(w) && [...w.kernel, ...w.stride, ...w.dilation].join() === [3, 3, stride, stride, 1, 1].join(),
    // a pixel past the image is read
    scratchBytes: (w) => general.scratchBytes(w) + Math.ceil(w.inChannels / 16) * 16,
    packedBytes: (w) => panels(w) * panelBytes,
    packWeights({ workload: w, weights, name }) {
      assert(weights, `layer ${name} has weights to pack`);
      const bytes = new Uint8Array(panels(w) * panelBytes);
      for (let panel = 0; panel < panels(w); panel++) {
        const view = new DataView(bytes.buffer, panel * panelBytes, panelBytes);
        const first = firstChannel(panel, columns, w.outChannels);
        for (let c = 0; c < Math.min(columns, w.outChannels); c++) {
          for (const [i, pair] of PAIRS.entries()) {
            const at = (c >> 3) * (panelBytes / 2) + i * 32 + (c & 7) * 4;
            view.setInt16(at, weights[(first + c) * 9 + pair[0]], true);
            view.setInt16(at + 2, pair[1] < 0 ? 0 : weights[(first + c) * 9 + pair[1]], true);
          }
        }
      }
      return bytes;
    },
    constantsBytes: (w) => panels(w) * columns * 8,
    packConstants(layer) {
      const bytes = new Uint8Array(this.constantsBytes(layer.workload));
      writePanelConstants(new DataView(bytes.buffer), { element: 'u8', centre: 0 }, layer, columns);
      return bytes;
    },
    writeParameters: (memory, address, layer, addresses) => writeBytesParameters(memory, address, layer, addresses, 0),
  };
}

export const DEPTHWISE_VARIANTS = [
  depthwise3x3('w8a8_conv_1x16__simd_depthwise3x3s1'),
  depthwise3x3('w8a8_conv_1x16__simd_depthwise3x3s2'),
  depthwise('w8a8_conv_4x16__simd_depthwise'),
];
