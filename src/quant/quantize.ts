import { assert } from '../core/errors.ts';
import { clamp, roundHalfEven } from '../core/rounding.ts';
import type { Activation, Layer, Network, Preprocessing } from '../network/types.ts';
import { INPUT } from '../network/types.ts';
import type { LayerArithmetic, QuantizedFormat, TensorFormat } from './arithmetic.ts';
import { type Calibration, calibratedRange, chooseRescale, rangeToFormat } from './calibration.ts';
import { activationMaximum, type Scheme, schemeBits, weightRange } from './scheme.ts';
import { planTensors, type TensorPlan } from './tensor-plan.ts';
import { WeightQuantizer } from './weights.ts';

/** A network with every integer fixed: what the engine loads and the reference executes. */
export interface QuantizedNetwork {
  folded: Network;
  plan: TensorPlan;
  formats: Map<string, TensorFormat>;
  /** In execution order. */
  layers: LayerArithmetic[];
}

/** Where the numbers of a quantized network come from; the weight quantizer is shared by candidates of one network. */
export interface QuantizationSource {
  folded: Network;
  calibration: Calibration;
  weights: WeightQuantizer;
}

/** @returns the source from which candidates of a folded network with weights are quantized. */
export function quantizationSource(folded: Network, calibration: Calibration): QuantizationSource {
  return { folded, calibration, weights: new WeightQuantizer(folded) };
}

/**
 * Post-training quantization of one candidate: per-channel symmetric weights, per-tensor activations over calibrated
 * ranges, int32 biases, single-precision multipliers.
 *
 * @param schemes the scheme of each conv2d and dense layer.
 * @throws {BitbudgetError} `input` for a layer without scheme or a tensor that calibration did not see.
 */
export function quantizeNetwork(source: QuantizationSource, schemes: ReadonlyMap<string, Scheme>): QuantizedNetwork {
  const plan = planTensors(source.folded, schemes);
  const formats = chooseFormats(source, plan);
  const layers = source.folded.layers.map((layer) => layerArithmetic(layer, source, plan, formats));
  return { folded: source.folded, plan, formats, layers };
}

function chooseFormats({ folded, calibration }: QuantizationSource, plan: TensorPlan): Map<string, TensorFormat> {
  const formats = new Map<string, TensorFormat>();
  for (const [name, placement] of plan.tensors) {
    if (placement.type === 'f32') {
      formats.set(name, { type: 'f32' });
      continue;
    }
    const pixels = name === INPUT && placement.bits === 8 ? pixelFormat(folded.preprocessing) : undefined;
    formats.set(name, pixels ?? rangeToFormat(calibratedRange(calibration, name, placement.bits), placement.bits));
  }
  for (const layer of folded.layers) {
    // choosing pixels or their maximum makes no new values: keep the steps where the widths agree
    if (layer.op !== 'subsample' && layer.op !== 'maxPool') continue;
    const before = formats.get(layer.inputs[0])!;
    const after = formats.get(layer.name)!;
    if (before.type === 'u8' && after.type === 'u8' && before.bits === after.bits) formats.set(layer.name, before);
  }
  return formats;
}

/** Raw pixels are the quantized input as they stand, if preprocessing is the same for all channels and 0 is a pixel value. */
function pixelFormat({ mean, std }: Preprocessing): QuantizedFormat | undefined {
  const zeroPoint = Math.round(255 * mean[0]);
  const uniform = mean.every((m) => m === mean[0]) && std.every((s) => s === std[0]);
  if (!uniform || Math.abs(255 * mean[0] - zeroPoint) > 1e-6) return undefined;
  return { type: 'u8', scale: Math.fround(1 / (255 * std[0])), zeroPoint, bits: 8 };
}

function layerArithmetic(
  layer: Layer,
  source: QuantizationSource,
  plan: TensorPlan,
  formats: ReadonlyMap<string, TensorFormat>,
): LayerArithmetic {
  const input = formats.get(layer.inputs[0])!;
  const output = formats.get(layer.name)!;
  const residual = layer.inputs.length > 1 ? formats.get(layer.inputs[1]) : undefined;
  const scheme = plan.schemes.get(layer.name)!;
  const workload = plan.workloads.get(layer.name)!;
  const activation = workload.activation;
  const arithmetic: LayerArithmetic = {
    name: layer.name,
    workload,
    scheme,
    input,
    output,
    ...(residual && { residual }),
    ...clampRange(activation, output),
  };
  if (layer.op === 'conv2d' || layer.op === 'dense') {
    if (scheme === 'f32')
      return { ...arithmetic, ...realWeights(layer.name, layer.outChannels, source.folded, output) };
    return { ...arithmetic, ...integerWeights(arithmetic, layer.inputs[0], source) };
  }
  if (scheme === 'f32') return arithmetic;
  assert(input.type === 'u8' && output.type === 'u8', `${layer.name} runs in u8 between tensors that are not`);
  arithmetic.multiplier = Float32Array.of(input.scale / output.scale);
  if (residual?.type === 'u8') arithmetic.residualMultiplier = Math.fround(residual.scale / output.scale);
  return arithmetic;
}

/** Reads and writes may still be u8 on either side of a layer that computes in f32. */
function realWeights(
  name: string,
  outChannels: number,
  folded: Network,
  output: TensorFormat,
): Partial<LayerArithmetic> {
  const weights = folded.weights.get(`${name}.kernel`);
  assert(weights, `weights of ${name} are missing`);
  const bias = folded.weights.get(`${name}.bias`) ?? new Float32Array(outChannels);
  if (output.type === 'f32') return { weights, bias };
  return { weights, bias, outputMultiplier: Math.fround(1 / output.scale) };
}

function integerWeights(layer: LayerArithmetic, tensor: string, source: QuantizationSource): Partial<LayerArithmetic> {
  const { input, output, residual, workload, scheme } = layer;
  assert(input.type === 'u8', `${layer.name} reads integers from a real tensor`);
  const { weightBits, activationBits } = schemeBits(scheme);
  const { values, scales } = source.weights.quantized(layer.name, workload.outChannels, weightBits);
  const rescaled =
    activationBits < input.bits
      ? chooseRescale(input, calibratedRange(source.calibration, tensor, activationBits), activationBits)
      : undefined;
  const inputScale = rescaled ? rescaled.scale : input.scale;
  const outputScale = output.type === 'u8' ? output.scale : 1;

  const realBias = source.folded.weights.get(`${layer.name}.bias`);
  const bias = new Int32Array(workload.outChannels);
  const multiplier = new Float32Array(workload.outChannels);
  const limit = biasLimit(values.length / workload.outChannels, weightBits, activationBits);
  for (let channel = 0; channel < workload.outChannels; channel++) {
    const step = inputScale * scales[channel];
    multiplier[channel] = step / outputScale;
    bias[channel] = clamp(roundHalfEven((realBias ? realBias[channel] : 0) / step), -limit, limit);
  }
  return {
    weights: values,
    bias,
    multiplier,
    ...(rescaled && { rescale: rescaled.rescale }),
    ...(residual?.type === 'u8' && { residualMultiplier: Math.fround(residual.scale / outputScale) }),
  };
}

/** The largest bias that cannot make the int32 accumulator overflow, whatever the inputs. */
function biasLimit(products: number, weightBits: number, activationBits: number): number {
  const { low } = weightRange(weightBits);
  return 2 ** 31 - 1 - products * -low * activationMaximum(activationBits);
}

function clampRange(activation: Activation, output: TensorFormat): { clampLow: number; clampHigh: number } {
  if (output.type === 'f32') {
    return {
      clampLow: activation === 'none' ? Number.NEGATIVE_INFINITY : 0,
      clampHigh: activation === 'relu6' ? 6 : Number.POSITIVE_INFINITY,
    };
  }
  const top = activationMaximum(output.bits);
  const six = output.zeroPoint + roundHalfEven(6 / output.scale);
  return {
    clampLow: activation === 'none' ? 0 : output.zeroPoint,
    clampHigh: activation === 'relu6' ? Math.min(top, six) : top,
  };
}
