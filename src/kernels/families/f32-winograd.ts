import { outputSize, type Workload } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { hasPlainGeometry, STAGE_BYTES } from '../geometry.ts';
import { realScales, sharedParameters } from '../parameter-values.ts';
import { writeParameterBlock } from '../parameters.ts';
import type { KernelVariant } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';

/** Output channels of a panel. */
const COLUMNS = 8;
/** Bytes of `Tiling` in assembly/winograd/f32.ts. */
const HEADER_BYTES = 16;
/** Transformed inputs and products of a band of tiles should stay in the second-level cache with the weights. */
const BAND_BYTES = 192 * 1024;

/** F(size, 3): outputs of a tile along one side, and the matrix G that takes a filter to its (size + 2) points. */
interface Form {
  size: 2 | 4;
  filter: readonly (readonly [number, number, number])[];
  errorBound: number;
}

const F23: Form = {
  size: 2,
  filter: [
    [1, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
    [1 / 2, -1 / 2, 1 / 2],
    [0, 0, 1],
  ],
  errorBound: 1e-5,
};

const F43: Form = {
  size: 4,
  filter: [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
  ],
  errorBound: 6e-5,
};

const panelsOf = (w: Workload) => Math.ceil(w.outChannels / COLUMNS);

/** Tiles of the output, and how many rows of them go through the kernel together. */
function tilingOf(w: Workload, size: number) {
  const [rows, columns] = outputSize(w).map((outputs) => Math.ceil(outputs / size));
  const tileBytes = (size + 2) ** 2 * (w.inChannels + panelsOf(w) * COLUMNS) * 4;
  const bandRows = Math.min(Math.max(Math.floor(BAND_BYTES / (tileBytes * columns)), 1), rows);
  return { rows, columns, bandRows };
}

/** Mirrors `layOut` in assembly/winograd/f32.ts. */
function scratchBytes(w: Workload, size: number, rows: number): number {
  const { columns, bandRows } = tilingOf(w, size);
  const tiles = columns * bandRows;
  const rowBytes = (columns * size + 2) * Math.ceil(w.inChannels / 4) * 16;
  const inputStep = Math.ceil((tiles * w.inChannels) / 4) * 16 + 64;
  const productStep = Math.ceil(tiles / rows) * rows * panelsOf(w) * COLUMNS * 4 + 64;
  const accumulators = Math.ceil((size * outputSize(w)[1] * w.outChannels) / 4) * 16;
  return STAGE_BYTES + (bandRows * size + 2) * rowBytes + (size + 2) ** 2 * (inputStep + productStep) + accumulators;
}

/** U = G w Gᵀ of every filter, computed in doubles and rounded once: [position][panel][inChannels][8]. */
function packFilters({ workload: w, weights }: LayerArithmetic, { filter }: Form): Uint8Array {
  const points = filter.length;
  const packed = new Float32Array(points ** 2 * panelsOf(w) * w.inChannels * COLUMNS);
  const at = (position: number, channel: number, input: number) =>
    ((position * panelsOf(w) + Math.floor(channel / COLUMNS)) * w.inChannels + input) * COLUMNS + (channel % COLUMNS);
  for (let channel = 0; channel < w.outChannels; channel++) {
    for (let input = 0; input < w.inChannels; input++) {
      const weight = (ky: number, kx: number) => weights![((channel * 3 + ky) * 3 + kx) * w.inChannels + input];
      const lines = filter.map((g) => [0, 1, 2].map((kx) => g[0] * weight(0, kx) + g[1] * weight(1, kx) + g[2] * weight(2, kx)));
      for (const [i, line] of lines.entries()) {
        for (const [j, g] of filter.entries()) {
          packed[at(i * points + j, channel, input)] = g[0] * line[0] + g[1] * line[1] + g[2] * line[2];
        }
      }
    }
  }
  return new Uint8Array(packed.buffer);
}

function packConstants({ workload: w, bias }: LayerArithmetic, size: number): Uint8Array {
  const { rows, columns, bandRows } = tilingOf(w, size);
  const packed = new Float32Array(HEADER_BYTES / 4 + w.outChannels);
  packed.set(bias ?? [], HEADER_BYTES / 4);
  new Uint32Array(packed.buffer).set([rows, columns, bandRows]);
  return new Uint8Array(packed.buffer);
}

/** Kernels of 3 × 3 with stride 1 and any padding, from eight channels to eight: below that the direct kernel is faster. */
function supports(w: Workload): boolean {
  return (
    w.op === 'conv2d' &&
    hasPlainGeometry(w) &&
    w.kernel.every((k) => k === 3) &&
    w.stride.every((s) => s === 1) &&
    w.inChannels >= 8 &&
    w.outChannels >= 8
  );
}

function winograd(id: string, form: Form): KernelVariant {
  const { op, scheme, isa, tile } = parseVariantId(id);
  const { size } = form;
  return {
    id,
    op,
    scheme,
    isa,
    supports,
    errorBound: form.errorBound,
    scratchBytes: (w) => scratchBytes(w, size, tile[0]),
    packedBytes: (w) => (size + 2) ** 2 * panelsOf(w) * w.inChannels * COLUMNS * 4,
    packWeights: (layer) => packFilters(layer, form),
    constantsBytes: (w) => HEADER_BYTES + w.outChannels * 4,
    packConstants: (layer) => packConstants(layer, size),
    writeParameters(memory, address, layer, addresses) {
      writeParameterBlock(memory, address, { ...sharedParameters(layer, addresses), ...realScales(layer) });
    },
  };
}

export const F32_WINOGRAD_VARIANTS: readonly KernelVariant[] = [
  winograd('f32_conv_4x8__simd_winograd23', F23),
  winograd('f32_conv_4x8__simd_winograd43', F43),
  winograd('f32_conv_6x8__relaxed_winograd23', F23),
  winograd('f32_conv_6x8__relaxed_winograd43', F43),
];
