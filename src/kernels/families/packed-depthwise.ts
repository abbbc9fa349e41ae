import { assert } from '../../core/errors.ts';
import { outputSize, type Workload } from '../../network/workload.ts';
import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { activationMaximum, type Scheme, schemeBits, weightRange } from '../../quant/scheme.ts';
import { integerInput, kernelZeroPoint } from '../convolution.ts';
import { scratchFor } from '../geometry.ts';
import { sharedParameters } from '../parameter-values.ts';
import { writeParameterBlock } from '../parameters.ts';
import type { KernelVariant, WeightCondition } from '../types.ts';
import { parseVariantId } from '../variant-id.ts';

const TAPS = 9;
const COLUMNS = 16;
/** Twice the nine weights and the start of 8 channels. */
const PANEL_BYTES = 2 * (TAPS + 1) * 16;
/** Biases, multipliers, and 2²³ − bias. */
const CONSTANTS_BYTES = 3 * COLUMNS * 4;

/** Depthwise 3 × 3 in 16-bit lanes, one or two output rows a lane (assembly/depthwise/packed.ts). */
function packedDepthwise(id: string): KernelVariant {
  const { scheme, op, isa, tile, trick } = parseVariantId(id);
  const [fields] = tile;
  const stride = Number(trick?.at(-1));
  const greatest = activationMaximum(schemeBits(scheme).activationBits);
  const limit = fields === 2 ? 255 : 65535;
  const panels = (w: Workload) => Math.ceil(w.outChannels / COLUMNS);
  return {
    id,
    op,
    scheme,
    isa,
    rowsTogether: fields,
    supports: (w) => isDepthwise(w, stride) && w.input !== 'f32',
    ...(largestSum(scheme) <= limit ? {} : { condition: sumCondition(greatest, limit) }),
    scratchBytes: (w) => scratchFor(imageBytes(w) + 16 + 2 * outputSize(w)[1] * 16),
    packedBytes: (w) => panels(w) * PANEL_BYTES,
    packWeights(layer) {
      const bytes = new Uint8Array(this.packedBytes(layer.workload));
      forEachChannel(layer, (panel, lane, channel) => {
        const half = new DataView(bytes.buffer, panel * PANEL_BYTES + (lane >> 3) * (PANEL_BYTES / 2));
        const weights = weightsOf(layer, channel);
        weights.forEach((weight, tap) => void half.setInt16(tap * 16 + (lane % 8) * 2, weight, true));
        const start = -greatest * negativeSum(weights) * (fields === 2 ? 257 : 1);
        half.setUint16(TAPS * 16 + (lane % 8) * 2, start, true);
      });
      return bytes;
    },
    constantsBytes: (w) => panels(w) * CONSTANTS_BYTES + 16,
    packConstants(layer) {
      const bytes = new Uint8Array(this.constantsBytes(layer.workload));
      const zeroPoint = kernelZeroPoint(layer);
      let ordinary = true;
      forEachChannel(layer, (panel, lane, channel) => {
        const view = new DataView(bytes.buffer, panel * CONSTANTS_BYTES + lane * 4);
        const weights = weightsOf(layer, channel);
        const sum = weights.reduce((total, weight) => total + weight, 0);
        const bias = (layer.bias?.[channel] ?? 0) - zeroPoint * sum + greatest * negativeSum(weights);
        const multiplier = layer.multiplier?.[channel] ?? 0;
        view.setInt32(0, bias, true);
        view.setFloat32(COLUMNS * 4, multiplier, true);
        view.setFloat32(COLUMNS * 8, 2 ** 23 - bias, true);
        ordinary &&= (Math.abs(bias) + limit) * Math.max(1, Math.abs(multiplier)) < 2 ** 22;
      });
      new DataView(bytes.buffer).setUint32(bytes.length - 16, Number(ordinary), true);
      return bytes;
    },
    writeParameters(memory, address, layer, addresses) {
      assert(layer.residual?.type !== 'f32', `the integer kernel of layer ${layer.name} has a u8 residual`);
      writeParameterBlock(memory, address, {
        ...sharedParameters(layer, addresses),
        ...integerInput({ centre: 0 }, layer),
      });
    },
  };
}

function isDepthwise(w: Workload, stride: number): boolean {
  const [outHeight, outWidth] = outputSize(w);
  return (
    w.op === 'conv2d' &&
    w.batch === 1 &&
    w.groups === w.inChannels &&
    w.groups === w.outChannels &&
    [...w.kernel, ...w.stride, ...w.dilation].join() === [3, 3, stride, stride, 1, 1].join() &&
    Math.min(outHeight, outWidth, w.inChannels) >= 1
  );
}

/** The image with its halo, and two rows for windows past it where there is but one output row. */
function imageBytes({ height, width, inChannels, padding }: Workload): number {
  return (height + padding[0] + padding[2] + 2) * (width + padding[1] + padding[3]) * inChannels;
}

/** Calls `visit` for every lane that has a channel; the last panel is shifted back to end at the last channel. */
function forEachChannel(
  { workload: { outChannels } }: LayerArithmetic,
  visit: (panel: number, lane: number, channel: number) => void,
): void {
  for (let panel = 0; panel * COLUMNS < outChannels; panel++) {
    const first = Math.min(panel * COLUMNS, Math.max(outChannels - COLUMNS, 0));
    for (let lane = 0; lane < Math.min(COLUMNS, outChannels); lane++) visit(panel, lane, first + lane);
  }
}

function weightsOf({ weights, name }: LayerArithmetic, channel: number): number[] {
  assert(weights, `layer ${name} has weights to pack`);
  return Array.from(weights.subarray(channel * TAPS, (channel + 1) * TAPS));
}

function negativeSum(weights: number[]): number {
  return weights.reduce((total, weight) => total + Math.min(weight, 0), 0);
}

/** The greatest field that any weights of a scheme can need: a · Σ |w|. */
function largestSum(scheme: Scheme, greatest?: number): number {
  const { weightBits, activationBits } = schemeBits(scheme);
  const { low, high } = weightRange(weightBits);
  return (greatest ?? activationMaximum(activationBits)) * TAPS * Math.max(-low, high);
}

/** a · Σ |w| ≤ limit in every channel, for the variant's own greatest activation. */
function sumCondition(greatest: number, limit: number): WeightCondition {
  return {
    always: (_, scheme) => largestSum(scheme, greatest) <= limit,
    holds: (layer) => {
      for (let channel = 0; channel < layer.workload.outChannels; channel++) {
        const sum = weightsOf(layer, channel).reduce((total, weight) => total + Math.abs(weight), 0);
        if (greatest * sum > limit) return false;
      }
      return true;
    },
  };
}

/** Which schemes fit: assembly/depthwise/packed.ts has the bounds. */
export const PACKED_DEPTHWISE_VARIANTS = [
  'w3a3_conv_2x16',
  'w4a2_conv_2x16',
  'w1a4_conv_2x16',
  'w2a4_conv_2x16',
  'w5a8_conv_1x16',
  'w6a7_conv_1x16',
  'w8a5_conv_1x16',
  'w6a8_conv_1x16',
]
  .flatMap((name) => [1, 2].map((stride) => `${name}__simd_depthwise3x3s${stride}`))
  .map(packedDepthwise);
