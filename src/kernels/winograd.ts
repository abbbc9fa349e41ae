import { assert } from '../core/errors.ts';
import { outputSize, type Workload } from '../network/workload.ts';
import type { LayerArithmetic } from '../quant/arithmetic.ts';
import { activationMaximum, type Scheme, schemeBits, weightRange } from '../quant/scheme.ts';
import { firstChannel, integerInput, writePanelConstants } from './convolution.ts';
import { hasPlainGeometry, innerSize, PACKING, STAGE_BYTES, scratchFor } from './geometry.ts';
import { realScales, sharedParameters } from './parameter-values.ts';
import { writeParameterBlock } from './parameters.ts';
import type { KernelVariant, WeightCondition } from './types.ts';
import { parseVariantId } from './variant-id.ts';

/** As in scripts/kernels/winograd.mjs, which writes the kernels. */
const TILES_PER_BLOCK = 16;
const MATRIX_PADDING = 64;
const WORK_BYTES = 1536;
const COLUMNS = 16;
/** The integer form with m = 4 is exact while this times every sum fits int32. */
const SCALE_43 = 64;

/** G of F(2, 3) and F(4, 3) (Lavin and Gray 2016) as rows of numerators over one denominator a row. */
const TRANSFORMS = {
  2: {
    rows: [
      [1, 0, 0],
      [1, 1, 1],
      [1, -1, 1],
      [0, 0, 1],
    ],
    denominators: [1, 2, 2, 1],
  },
  4: {
    rows: [
      [1, 0, 0],
      [-1, -1, -1],
      [-1, 1, -1],
      [1, 2, 4],
      [1, -2, 4],
      [0, 0, 1],
    ],
    denominators: [4, 6, 6, 24, 24, 1],
  },
} as const;

interface WinogradDescription {
  id: string;
  /** Outputs of a tile along each axis. */
  m: 2 | 4;
  errorBound?: number;
}

/**
 * 3 × 3 convolutions of stride 1 by Winograd's F(m, 3), as exact in integers as any other kernel:
 *
 * - m = 2: U = 2G w 2Gᵀ is within 9 · 127 = 1143 and V within 4 · 255 = 1020. The result is 4 · acc, which fits int32
 *   while K · 255 · 127 · 4 < 2³¹.
 * - m = 4: with E = 24 / denominators = diag(6, 4, 4, 1, 1, 24) and integer rows G', U = E G' w G'ᵀ is within
 *   24 · 7 · 127 = 21,336 and V within 100 · 255 = 25,500, so both fit i16, and the kernel applies E along x at the end.
 *   The result is 576 · acc modulo 2³²: sums in between, and even it, may wrap. A product with the inverse of 9 modulo 2³²
 *   leaves 64 · acc modulo 2³², and there the sign must be right before the shift by 6: only 64 · |acc| < 2³¹ matters. That
 *   holds for any weights up to K = 1036 in w8a8 and 18,798 in w4a8, and beyond it depends on the weights.
 *
 * With activations x = q − z, 0 ≤ q ≤ A, |acc| ≤ A · max(P, N), P the sum of a channel's positive weights and N that of
 * its negative ones, whatever the zero point z.
 */
export function winogradVariant({ id, m, errorBound }: WinogradDescription): KernelVariant {
  const { scheme, isa } = parseVariantId(id);
  const real = scheme === 'f32';
  const panels = (w: Workload) => Math.ceil(w.outChannels / COLUMNS);
  const matrices = (m + 2) ** 2;
  const steps = (w: Workload) => (real ? w.inChannels : Math.ceil(w.inChannels / 2));
  const panelBytes = (w: Workload) => matrices * steps(w) * COLUMNS * 4;
  return {
    id,
    op: 'conv2d',
    scheme,
    isa,
    rowsTogether: m,
    supports: (w) =>
      w.op === 'conv2d' &&
      hasPlainGeometry(w) &&
      w.kernel.every((size) => size === 3) &&
      w.stride.every((step) => step === 1) &&
      (real || (w.input !== 'f32' && innerSize(w) <= largestInnerSize(m))),
    scratchBytes: (w) => scratchFor(innerBytes(w, m, real) - STAGE_BYTES),
    packedBytes: (w) => panels(w) * panelBytes(w),
    packWeights: (layer) => packWeights(layer, m, panelBytes(layer.workload), steps(layer.workload)),
    constantsBytes: (w) => panels(w) * COLUMNS * 8,
    packConstants(layer) {
      const bytes = new Uint8Array(this.constantsBytes(layer.workload));
      writePanelConstants(new DataView(bytes.buffer), { element: real ? 'f32' : 'i16' }, layer, COLUMNS);
      return bytes;
    },
    writeParameters(memory, address, layer, addresses) {
      const [, right, bottom] = tiledPadding(layer.workload, m);
      writeParameterBlock(memory, address, {
        ...sharedParameters(layer, addresses),
        packing: PACKING.haloed,
        paddingRight: right,
        paddingBottom: bottom,
        ...(real ? realScales(layer) : integerInput({}, layer)),
      });
    },
    ...(!real && m === 4 && { condition: CONDITION }),
    ...(errorBound !== undefined && { errorBound }),
  };
}

/** K for which 4 · acc fits int32; m = 4 has its condition, and biases need no more room than in direct kernels. */
function largestInnerSize(m: 2 | 4): number {
  const scale = m === 2 ? 4 : 1;
  return Math.floor((2 ** 31 - 1) / (255 * 127 * scale));
}

const CONDITION: WeightCondition = {
  always(w, scheme) {
    const { low, high } = weightRange(schemeBits(scheme).weightBits);
    return fits(innerSize(w) * Math.max(-low, high), scheme);
  },
  holds({ workload, weights, scheme }) {
    assert(weights, 'a convolution has weights');
    const inner = innerSize(workload);
    for (let c = 0; c < workload.outChannels; c++) {
      let positive = 0;
      let negative = 0;
      for (let k = c * inner; k < (c + 1) * inner; k++) {
        if (weights[k] > 0) positive += weights[k];
        else negative -= weights[k];
      }
      if (!fits(Math.max(positive, negative), scheme)) return false;
    }
    return true;
  },
};

function fits(weightSum: number, scheme: Scheme): boolean {
  return SCALE_43 * weightSum * activationMaximum(schemeBits(scheme).activationBits) < 2 ** 31;
}

/** The padding with which the packed input holds whole tiles: more on the right and at the bottom. */
function tiledPadding(w: Workload, m: 2 | 4): [top: number, right: number, bottom: number, left: number] {
  const [outHeight, outWidth] = outputSize(w);
  const [top, , , left] = w.padding;
  const right = Math.ceil(outWidth / m) * m + 2 - w.width - left;
  const bottom = Math.ceil(outHeight / m) * m + 2 - w.height - top;
  return [top, right, bottom, left];
}

/** Stage, work area, V, M and the packed input: the order in which the kernel lays them out. */
function innerBytes(w: Workload, m: 2 | 4, real: boolean): number {
  const [outHeight, outWidth] = outputSize(w);
  const tiles = Math.ceil(outHeight / m) * Math.ceil(outWidth / m);
  const block = Math.min(tiles + (tiles % 2), TILES_PER_BLOCK);
  const vRow = Math.ceil((w.inChannels * (real ? 4 : 2)) / 16) * 16;
  const matrices = (m + 2) ** 2;
  const [top, right, bottom, left] = tiledPadding(w, m);
  const packed = (w.height + top + bottom) * (w.width + left + right) * w.inChannels * (real ? 4 : 2);
  const sums = matrices * (block * vRow + block * COLUMNS * 4 + 2 * MATRIX_PADDING);
  return STAGE_BYTES + WORK_BYTES + sums + packed;
}

/** U: panels of 16 output channels, in each one the matrices row by row, in each one a step's channels side by side. */
function packWeights(layer: LayerArithmetic, m: 2 | 4, panelBytes: number, steps: number): Uint8Array {
  const { workload: w, weights, scheme } = layer;
  assert(weights, `layer ${layer.name} has weights to pack`);
  const real = scheme === 'f32';
  const [left, right] = filterTransform(m, real);
  const n = m + 2;
  const bytes = new Uint8Array(Math.ceil(w.outChannels / COLUMNS) * panelBytes);
  // element sizes of the kernel's own memory, which is little-endian as all memory of WebAssembly
  const packed = real ? new Float32Array(bytes.buffer) : new Int16Array(bytes.buffer);
  const matrixLength = (steps * 64) / packed.BYTES_PER_ELEMENT;
  const half = new Float64Array(n * 3);
  for (let panel = 0; panel * COLUMNS < w.outChannels; panel++) {
    const first = firstChannel(panel, COLUMNS, w.outChannels);
    for (let c = 0; c < Math.min(COLUMNS, w.outChannels); c++) {
      for (let i = 0; i < w.inChannels; i++) {
        transformRows(weights, (first + c) * 9 * w.inChannels + i, w.inChannels, left, half);
        let at = (panel * panelBytes) / packed.BYTES_PER_ELEMENT;
        at += real ? i * COLUMNS + c : (i >> 1) * 2 * COLUMNS + c * 2 + (i & 1);
        for (let row = 0; row < half.length; row += 3) {
          for (let column = 0; column < right.length; column += 3) {
            packed[at] =
              half[row] * right[column] + half[row + 1] * right[column + 1] + half[row + 2] * right[column + 2];
            at += matrixLength;
          }
        }
      }
    }
  }
  return bytes;
}

/** half = left · w for one filter of 3 × 3 taps, `step` apart from `at` on. */
function transformRows(
  weights: ArrayLike<number>,
  at: number,
  step: number,
  left: Float64Array,
  half: Float64Array,
): void {
  for (let x = 0; x < 3; x++) {
    const upper = weights[at + x * step];
    const middle = weights[at + (3 + x) * step];
    const lower = weights[at + (6 + x) * step];
    for (let row = 0; row < left.length; row += 3) {
      half[row + x] = left[row] * upper + left[row + 1] * middle + left[row + 2] * lower;
    }
  }
}

/**
 * The factors of G w Gᵀ in double precision for reals; for integers of 2G w 2Gᵀ or E G' w G'ᵀ: what weights are multiplied
 * with from the left and, transposed, from the right, row by row.
 */
function filterTransform(m: 2 | 4, real: boolean): [left: Float64Array, right: Float64Array] {
  const { rows, denominators } = TRANSFORMS[m];
  const along = (axis: 'y' | 'x', i: number) => {
    if (real) return 1 / denominators[i];
    if (m === 2) return 2 / denominators[i];
    return axis === 'y' ? 24 / denominators[i] : 1;
  };
  const scaled = (axis: 'y' | 'x') =>
    Float64Array.from(rows.flatMap((row, i) => row.map((numerator) => numerator * along(axis, i))));
  return [scaled('y'), scaled('x')];
}
