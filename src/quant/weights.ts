import { assert } from '../core/errors.ts';
import { clamp, roundHalfEven } from '../core/rounding.ts';
import type { Network } from '../network/types.ts';
import { roundTogether } from './post-training/adaround.ts';
import type { PostTrainingMethod } from './post-training/methods.ts';
import type { InputMoments } from './post-training/moments.ts';
import { batchNormCorrection, biasCorrection } from './post-training/output-statistics.ts';
import { weightRange } from './scheme.ts';

export interface QuantizedWeights {
  /** Integers in the layout of the real weights, output channel first. */
  values: Int8Array;
  /** One scale an output channel: real = scale · integer. */
  scales: Float64Array;
  /** ‖W − Q(W)‖² / ‖W‖² over the layer. */
  noiseToSignal: number;
  /** What post-training methods add to the real bias of each output channel. */
  biasShift?: Float64Array;
}

/** What is done to weights beyond rounding each to the nearest integer. */
export interface WeightTreatment {
  methods: readonly PostTrainingMethod[];
  /** By layer; a layer without any is rounded plainly. */
  moments: ReadonlyMap<string, InputMoments>;
}

/** Clipping thresholds tried below 8 bits: 20/64 … 64/64 of the channel's largest magnitude. */
const CLIP_STEPS = 64;
const FIRST_CLIP_STEP = 20;

/** How scales below 8 bits are chosen: by the smallest squared error, or to cover the largest magnitude, which is quick. */
export type WeightScaling = 'smallest-error' | 'largest';

/** Quantizes a network's weights to integers, each (layer, bits) once: candidates share the results. */
export class WeightQuantizer {
  private readonly folded: Network;
  private readonly scaling: WeightScaling;
  private readonly treatment: WeightTreatment | undefined;
  private readonly cache = new Map<string, QuantizedWeights>();

  /**
   * @param treatment post-training methods, where there are some.
   * @param scaling `largest` is for networks that are timed and not evaluated.
   */
  constructor(folded: Network, treatment?: WeightTreatment, scaling: WeightScaling = 'smallest-error') {
    this.folded = folded;
    this.treatment = treatment;
    this.scaling = scaling;
  }

  /** The weights of a conv2d or dense layer at 1 to 8 bits. */
  quantized(layer: string, outChannels: number, bits: number): QuantizedWeights {
    const key = `${layer}/${bits}`;
    let result = this.cache.get(key);
    if (!result) {
      const kernel = this.folded.weights.get(`${layer}.kernel`);
      assert(kernel, `weights of ${layer} are missing`);
      result = quantizeWeights(kernel, outChannels, bits, this.scaling);
      const moments = this.treatment?.moments.get(layer);
      if (moments) result = treatWeights(kernel, result, bits, this.treatment!.methods, moments);
      this.cache.set(key, result);
    }
    return result;
  }
}

/** Weights that were rounded to the nearest integers, brought closer to the real layer's output. */
function treatWeights(
  kernel: Float32Array,
  plain: QuantizedWeights,
  bits: number,
  methods: readonly PostTrainingMethod[],
  moments: InputMoments,
): QuantizedWeights {
  const { inputs, groups } = moments;
  const outChannels = plain.scales.length;
  const values = Int8Array.from(plain.values);
  const scales = Float64Array.from(plain.scales);
  const biasShift = new Float64Array(outChannels);
  for (let channel = 0; channel < outChannels; channel++) {
    const group = Math.floor((channel * groups) / outChannels);
    const real = kernel.subarray(channel * inputs, (channel + 1) * inputs);
    const integers = values.subarray(channel * inputs, (channel + 1) * inputs);
    // one bit has no integer between its two
    if (methods.includes('adaround') && bits > 1) {
      const weights = Float64Array.from(real, (weight) => weight / scales[channel]);
      roundTogether({ weights, ...weightRange(bits) }, moments, group, integers);
    }
    const quantized = Float64Array.from(integers, (q) => q * scales[channel]);
    if (methods.includes('batch-norm')) {
      const { factor, shift } = batchNormCorrection(real, quantized, moments, group);
      scales[channel] = Math.fround(scales[channel] * factor);
      biasShift[channel] = shift;
    } else if (methods.includes('bias')) {
      biasShift[channel] = biasCorrection(real, quantized, moments, group);
    }
  }
  return { values, scales, biasShift, noiseToSignal: plain.noiseToSignal };
}

/**
 * Per-channel symmetric quantization: the scale of 8 bits covers the largest magnitude; below, the scale with the
 * smallest squared error among clipped ones is taken; 1 bit keeps signs with the mean magnitude (XNOR-Net's optimum,
 * Rastegari et al. 2016).
 *
 * @param kernel output channel first; length a multiple of outChannels.
 * @example [...quantizeWeights(Float32Array.of(0.5, -1.27), 1, 8).values] // => [50, -127]
 */
export function quantizeWeights(
  kernel: Float32Array,
  outChannels: number,
  bits: number,
  scaling: WeightScaling = 'smallest-error',
): QuantizedWeights {
  const { low, high } = weightRange(bits);
  const values = new Int8Array(kernel.length);
  const scales = new Float64Array(outChannels);
  const perChannel = kernel.length / outChannels;
  let noise = 0;
  let signal = 0;
  for (let channel = 0; channel < outChannels; channel++) {
    const weights = kernel.subarray(channel * perChannel, (channel + 1) * perChannel);
    const scale = Math.fround(channelScale(weights, bits, scaling)) || 1;
    scales[channel] = scale;
    for (let k = 0; k < perChannel; k++) {
      const q = bits === 1 ? (weights[k] < 0 ? -1 : 1) : clamp(roundHalfEven(weights[k] / scale), low, high);
      values[channel * perChannel + k] = q;
      noise += (q * scale - weights[k]) ** 2;
      signal += weights[k] ** 2;
    }
  }
  return { values, scales, noiseToSignal: signal > 0 ? noise / signal : 0 };
}

function channelScale(weights: Float32Array, bits: number, scaling: WeightScaling): number {
  let largest = 0;
  let sum = 0;
  for (const weight of weights) {
    const magnitude = Math.abs(weight);
    sum += magnitude;
    if (magnitude > largest) largest = magnitude;
  }
  if (bits === 1) return sum / weights.length;
  const top = bits === 2 ? 1.5 : weightRange(bits).high; // 2 bits reach −2 to 1: 1.5 on average
  if (bits === 8 || scaling === 'largest') return largest / top;
  let best = largest / top;
  let bestError = Infinity;
  for (let step = FIRST_CLIP_STEP; step <= CLIP_STEPS; step++) {
    const scale = (largest * step) / (CLIP_STEPS * top);
    const error = squaredError(weights, scale, bits);
    if (error < bestError) {
      best = scale;
      bestError = error;
    }
  }
  return best;
}

function squaredError(weights: Float32Array, scale: number, bits: number): number {
  if (scale === 0) return 0;
  const { low, high } = weightRange(bits);
  let sum = 0;
  for (let k = 0; k < weights.length; k++) {
    // not half-even: a tie costs the same either way, and this loop is the hot one (Math.round takes twice as long)
    const q = clamp(Math.floor(weights[k] / scale + 0.5), low, high);
    const error = q * scale - weights[k];
    sum += error * error;
  }
  return sum;
}
