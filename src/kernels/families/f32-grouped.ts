import { outputSize, type Workload } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { hasPlainGeometry, innerSize, PACKING, packedInput, scratchFor } from '../geometry.ts';
import { realScales, sharedParameters } from '../parameter-values.ts';
import { writeParameterBlock } from '../parameters.ts';
import type { KernelVariant } from '../types.ts';
import { hasOutputs } from './f32-depthwise.ts';

const PIXELS = 4;
const COLUMNS = 8;
/** Bytes of `Groups` in assembly/f32/grouped.ts. */
const HEADER_BYTES = 16;

const outputsOf = (w: Workload) => w.outChannels / w.groups;
const panelsOf = (w: Workload) => Math.ceil(outputsOf(w) / COLUMNS);
const tapsOf = (w: Workload) => w.kernel[0] * w.kernel[1];
const pixelsOf = (w: Workload) => Math.max(outputSize(w)[0] * outputSize(w)[1], PIXELS);

/** Where the parts of the constants begin: header, biases, taps, pixel offsets. */
function constantsLayout(w: Workload) {
  const taps = HEADER_BYTES + w.groups * panelsOf(w) * COLUMNS * 4;
  const offsets = taps + tapsOf(w) * 4;
  return { taps, offsets, bytes: offsets + pixelsOf(w) * 4 };
}

/** Calls `visit` for each lane of each panel of each group that stands for a channel. */
function forEachLane(w: Workload, visit: (panel: number, lane: number, channel: number) => void): void {
  for (let g = 0; g < w.groups; g++) {
    for (let n = 0; n < panelsOf(w); n++) {
      const first = Math.max(Math.min(n * COLUMNS, outputsOf(w) - COLUMNS), 0);
      for (let lane = 0; lane < Math.min(COLUMNS, outputsOf(w)); lane++) {
        visit(g * panelsOf(w) + n, lane, g * outputsOf(w) + first + lane);
      }
    }
  }
}

function packPanels({ workload: w, weights }: LayerArithmetic): Uint8Array {
  const inner = innerSize(w);
  const packed = new Float32Array(w.groups * panelsOf(w) * inner * COLUMNS);
  forEachLane(w, (panel, lane, channel) => {
    for (let k = 0; k < inner; k++) packed[(panel * inner + k) * COLUMNS + lane] = weights![channel * inner + k];
  });
  return new Uint8Array(packed.buffer);
}

function packConstants({ workload: w, bias }: LayerArithmetic): Uint8Array {
  const layout = constantsLayout(w);
  const bytes = new Uint8Array(layout.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, w.groups, true);
  view.setUint32(4, panelsOf(w), true);
  view.setUint32(8, layout.taps, true);
  forEachLane(w, (panel, lane, channel) => {
    view.setFloat32(HEADER_BYTES + (panel * COLUMNS + lane) * 4, bias?.[channel] ?? 0, true);
  });
  const pixelBytes = w.inChannels * 4;
  const rowBytes = (w.width + w.padding[1] + w.padding[3]) * pixelBytes;
  for (let t = 0; t < tapsOf(w); t++) {
    const ky = Math.floor(t / w.kernel[1]);
    const kx = t % w.kernel[1];
    const offset = ky * w.dilation[0] * rowBytes + kx * w.dilation[1] * pixelBytes;
    view.setUint32(layout.taps + t * 4, offset, true);
  }
  const [outHeight, outWidth] = outputSize(w);
  const { offset } = packedInput(w, 4);
  for (let i = 0; i < pixelsOf(w); i++) {
    const pixel = Math.min(i, outHeight * outWidth - 1);
    view.setUint32(layout.offsets + i * 4, offset(Math.floor(pixel / outWidth), pixel % outWidth), true);
  }
  return bytes;
}

/** f32 with groups or dilation (assembly/f32/grouped.ts); depthwise layers have kernels of their own. */
const GROUPED: KernelVariant = {
  id: 'f32_conv_4x8__simd_grouped',
  op: 'conv2d',
  scheme: 'f32',
  isa: 'simd',
  supports: (w) =>
    w.op === 'conv2d' &&
    w.batch === 1 &&
    hasOutputs(w) &&
    !hasPlainGeometry(w) &&
    (w.groups === 1 || w.groups < w.inChannels || w.outChannels > w.inChannels),
  scratchBytes: (w) => scratchFor(packedInput(w, 4).bytes),
  packedBytes: (w) => w.groups * panelsOf(w) * innerSize(w) * COLUMNS * 4,
  packWeights: packPanels,
  constantsBytes: (w) => constantsLayout(w).bytes,
  packConstants,
  writeParameters(memory, address, layer, addresses) {
    const w = layer.workload;
    writeParameterBlock(memory, address, {
      ...sharedParameters(layer, addresses),
      ...realScales(layer),
      packing: PACKING[packedInput(w, 4).packing],
      offsets: addresses.constants + constantsLayout(w).offsets,
    });
  },
};

export const F32_GROUPED_VARIANTS: readonly KernelVariant[] = [GROUPED];
