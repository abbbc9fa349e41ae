import { assert } from '../../core/errors.ts';
import { outputSize, type Workload } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { firstChannel, integerInput, writePanelConstants } from '../convolution.ts';
import { innerSize, PACKING, scratchFor } from '../geometry.ts';
import { realScales, sharedParameters } from '../parameter-values.ts';
import { writeParameterBlock } from '../parameters.ts';
import type { KernelVariant } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';

/** K · 255 · 127 ≤ 2³¹ − 1. */
const LARGEST_INNER_SIZE = Math.floor((2 ** 31 - 1) / (255 * 127));

/** Depthwise convolutions of any window, stride and dilation (scripts/kernels/depthwise.mjs). */
function depthwise(id: string, errorBound?: number): KernelVariant {
  const { scheme, op, isa, tile } = parseVariantId(id);
  const [pixels, columns] = tile;
  const real = scheme === 'f32';
  const elementBytes = real ? 4 : 1;
  const panels = (w: Workload) => Math.ceil(w.outChannels / columns);
  /** Taps with the partner of an odd last one. */
  const steps = (w: Workload) => (real ? innerSize(w) : Math.ceil(innerSize(w) / 2) * 2);
  const tapBytes = (w: Workload) => Math.ceil((steps(w) * 4) / 16) * 16;
  const panelBytes = (w: Workload) => steps(w) * columns * (real ? 4 : 2);
  const offsetsAt = (w: Workload) => panels(w) * columns * 8 + tapBytes(w);
  /** Entries of the offset table: a tile that begins at the last pixel reads the last one again. */
  const windows = (w: Workload) => outputSize(w)[0] * outputSize(w)[1] + pixels - 1;
  const rowBytes = ({ width, padding, inChannels }: Workload) =>
    (width + padding[1] + padding[3]) * inChannels * elementBytes;
  const imageBytes = (w: Workload) => (w.height + w.padding[0] + w.padding[2]) * rowBytes(w);
  return {
    id,
    op,
    scheme,
    isa,
    supports: (w) => isDepthwise(w) && (real || (w.input !== 'f32' && innerSize(w) <= LARGEST_INNER_SIZE)),
    // integers keep the sums of one row of outputs besides
    scratchBytes: (w) => scratchFor(imageBytes(w) + (real ? 0 : 48 + Math.max(outputSize(w)[1], pixels) * 64)),
    packedBytes: (w) => panels(w) * panelBytes(w),
    packWeights: (layer) => packWeights(layer, real, columns, steps(layer.workload)),
    constantsBytes: (w) => offsetsAt(w) + windows(w) * 4,
    packConstants(layer) {
      const w = layer.workload;
      const bytes = new Uint8Array(this.constantsBytes(w));
      const view = new DataView(bytes.buffer);
      writePanelConstants(view, real ? { element: 'f32' } : { element: 'i16', centre: 0 }, layer, columns);
      const taps = offsetsAt(w) - tapBytes(w);
      for (let tap = 0; tap < innerSize(w); tap++) {
        const [ky, kx] = [Math.floor(tap / w.kernel[1]), tap % w.kernel[1]];
        const offset = ky * w.dilation[0] * rowBytes(w) + kx * w.dilation[1] * w.inChannels * elementBytes;
        view.setUint32(taps + tap * 4, offset, true);
      }
      const [outHeight, outWidth] = outputSize(w);
      for (let i = 0; i < windows(w); i++) {
        const pixel = Math.min(i, outHeight * outWidth - 1);
        const [y, x] = [Math.floor(pixel / outWidth) * w.stride[0], (pixel % outWidth) * w.stride[1]];
        view.setUint32(offsetsAt(w) + i * 4, y * rowBytes(w) + x * w.inChannels * elementBytes, true);
      }
      return bytes;
    },
    writeParameters(memory, address, layer, addresses) {
      assert(real || layer.residual?.type !== 'f32', `the integer kernel of layer ${layer.name} has a u8 residual`);
      writeParameterBlock(memory, address, {
        ...sharedParameters(layer, addresses),
        packing: PACKING.haloed,
        offsets: addresses.constants + offsetsAt(layer.workload),
        ...(real ? realScales(layer) : integerInput({ centre: 0 }, layer)),
      });
    },
    ...(errorBound !== undefined && { errorBound }),
  };
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

/** Panels of [tap][channel] f32, or for integers of twice [pair of taps][channel][tap of the pair] i16 for 8 channels. */
function packWeights({ workload: w, weights, name }: LayerArithmetic, real: boolean, columns: number, steps: number) {
  assert(weights, `layer ${name} has weights to pack`);
  const taps = innerSize(w);
  const panelBytes = steps * columns * (real ? 4 : 2);
  const bytes = new Uint8Array(Math.ceil(w.outChannels / columns) * panelBytes);
  for (let panel = 0; panel * columns < w.outChannels; panel++) {
    const view = new DataView(bytes.buffer, panel * panelBytes, panelBytes);
    const first = firstChannel(panel, columns, w.outChannels);
    for (let c = 0; c < Math.min(columns, w.outChannels); c++) {
      for (let tap = 0; tap < taps; tap++) {
        const weight = weights[(first + c) * taps + tap];
        if (real) view.setFloat32((tap * columns + c) * 4, weight, true);
        else view.setInt16((c >> 3) * steps * 16 + (tap >> 1) * 32 + (c & 7) * 4 + (tap & 1) * 2, weight, true);
      }
    }
  }
  return bytes;
}

/** The error bound of the fused form: a rounding fewer a tap, within a few units in the last place of the largest sum. */
export const DEPTHWISE_VARIANTS = [
  depthwise('f32_conv_4x8__simd_depthwise'),
  depthwise('f32_conv_4x8__relaxed_depthwise', 2e-6),
  depthwise('w8a8_conv_4x16__simd_depthwise'),
];
