import { assert } from '../core/errors.ts';
import { clamp, roundHalfEven } from '../core/rounding.ts';
import { consumersOf } from '../network/shapes.ts';
import type {
  Activation,
  ActivationFunction,
  IntegerWeights,
  Layer,
  Network,
  Preprocessing,
} from '../network/types.ts';
import { INPUT } from '../network/types.ts';
import type { LayerArithmetic, QuantizedFormat, TensorFormat } from './arithmetic.ts';
import { type Calibration, calibratedRange, chooseRescale, rangeToFormat } from './calibration.ts';
import { fixedPointOf } from './fixed-point.ts';
import { activationTable } from './reference/activation.ts';
import { activationMaximum, type Scheme, schemeBits, weightRange } from './scheme.ts';
import { planTensors, type TensorPlan } from './tensor-plan.ts';
import { WeightQuantizer, type WeightTreatment } from './weights.ts';

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
  /** How layers that keep an imported model's own numbers round: `once` unless given. */
  rounding?: Rounding;
}

/** Once and to the nearest, as all kernels do; or `tflite`, in fixed point and twice, as TFLite's reference kernels do. */
export type Rounding = 'once' | 'tflite';

/**
 * The source from which candidates of a folded network with weights are quantized.
 *
 * @param treatment post-training methods for the weights and what they need to know of the layers' inputs.
 */
export function quantizationSource(
  folded: Network,
  calibration: Calibration,
  treatment?: WeightTreatment,
): QuantizationSource {
  return { folded, calibration, weights: new WeightQuantizer(folded, treatment) };
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
  const layers = source.folded.layers.map((layer) => {
    const arithmetic = layerArithmetic(layer, source, plan, formats);
    return source.rounding === 'tflite' ? roundedTwice(arithmetic, layer, source) : arithmetic;
  });
  return { folded: source.folded, plan, formats, layers };
}

function chooseFormats({ folded, calibration }: QuantizationSource, plan: TensorPlan): Map<string, TensorFormat> {
  const formats = new Map<string, TensorFormat>();
  for (const [name, placement] of plan.tensors) {
    if (placement.type === 'f32') {
      formats.set(name, { type: 'f32' });
      continue;
    }
    const own = placement.bits === 8 ? prescribedFormat(folded, name) : undefined;
    formats.set(name, own ?? rangeToFormat(calibratedRange(calibration, name, placement.bits), placement.bits));
  }
  unifyFormats(folded.layers, formats);
  return formats;
}

/** The format that the model or the network's raw pixels prescribe for a tensor of 8 bits. */
function prescribedFormat({ layers, quantization, preprocessing }: Network, name: string): QuantizedFormat | undefined {
  const stored = name === INPUT ? quantization?.input : layers.find((layer) => layer.name === name)?.stored;
  if (stored) return { type: 'u8', ...stored, bits: 8 };
  return name === INPUT ? pixelFormat(preprocessing) : undefined;
}

/** Layers that make no new values keep the steps of what they read, or of what they are joined to, where the widths agree. */
function unifyFormats(layers: readonly Layer[], formats: Map<string, TensorFormat>): void {
  const share = (from: string, to: string) => {
    const [given, taken] = [formats.get(from)!, formats.get(to)!];
    if (given.type === 'u8' && taken.type === 'u8' && given.bits === taken.bits) formats.set(to, given);
  };
  for (const layer of layers) {
    const copies = layer.op === 'subsample' || layer.op === 'maxPool' || layer.op === 'reshape';
    if (copies && !layer.stored) share(layer.inputs[0], layer.name);
  }
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const consumers = consumersOf(layers);
  for (const layer of [...layers].reverse()) {
    // of several tensors joined two at a time, those joined first are rounded once, to the whole's steps
    if (layer.op !== 'concat') continue;
    for (const name of layer.inputs) {
      const part = byName.get(name);
      if (part?.op === 'concat' && !part.stored && consumers.get(name)!.length === 1) share(layer.name, name);
    }
  }
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
  if (layer.op === 'activation') return { ...arithmetic, table: activationTable(arithmetic) };
  arithmetic.multiplier = Float32Array.of(input.scale / output.scale);
  if (residual?.type === 'u8') arithmetic.residualMultiplier = Math.fround(residual.scale / output.scale);
  return arithmetic;
}

/** The fixed-point multipliers of a layer that keeps the model's numbers; any other layer as it is. */
function roundedTwice(arithmetic: LayerArithmetic, layer: Layer, { folded }: QuantizationSource): LayerArithmetic {
  const { input, output, residual, weights, scheme } = arithmetic;
  const own = folded.quantization?.weights.get(layer.name);
  if (scheme === 'f32' || !layer.stored || input.type !== 'u8' || output.type !== 'u8') return arithmetic;
  if (output.scale !== layer.stored.scale || residual?.type === 'f32') return arithmetic;
  if (own && weights === own.values && !residual) {
    const scales = Array.from(own.scales, (scale) => (own.inputScale * scale) / output.scale);
    return { ...arithmetic, fixedPoint: fixedPointOf(scales) };
  }
  if (layer.op === 'add' && residual) {
    const half = 2 * Math.max(input.scale, residual.scale);
    const reals = [input.scale / half, residual.scale / half, half / (2 ** 20 * output.scale)];
    return { ...arithmetic, fixedPoint: fixedPointOf(reals) };
  }
  const same = input.scale === output.scale && input.zeroPoint === output.zeroPoint;
  return layer.op === 'averagePool' && same ? { ...arithmetic, fixedPoint: fixedPointOf([]) } : arithmetic;
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
  const own = source.folded.quantization?.weights.get(layer.name);
  if (own && weightBits === 8 && activationBits === 8 && input.scale === own.inputScale) {
    return prescribedWeights(own, output, residual);
  }
  const { values, scales, biasShift } = source.weights.quantized(layer.name, workload.outChannels, weightBits);
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
    const real = (realBias ? realBias[channel] : 0) + (biasShift ? biasShift[channel] : 0);
    bias[channel] = clamp(roundHalfEven(real / step), -limit, limit);
  }
  return {
    weights: values,
    bias,
    multiplier,
    ...(rescaled && { rescale: rescaled.rescale }),
    ...(residual?.type === 'u8' && { residualMultiplier: Math.fround(residual.scale / outputScale) }),
  };
}

/** The weights and biases of an imported integer model as they stand. */
function prescribedWeights(
  { values, scales, bias, inputScale }: IntegerWeights,
  output: TensorFormat,
  residual: TensorFormat | undefined,
): Partial<LayerArithmetic> {
  const outputScale = output.type === 'u8' ? output.scale : 1;
  return {
    weights: values,
    bias,
    multiplier: Float32Array.from(scales, (scale) => (inputScale * scale) / outputScale),
    ...(residual?.type === 'u8' && { residualMultiplier: Math.fround(residual.scale / outputScale) }),
  };
}

/** The largest bias that cannot make the int32 accumulator overflow, whatever the inputs. */
function biasLimit(products: number, weightBits: number, activationBits: number): number {
  const { low } = weightRange(weightBits);
  return 2 ** 31 - 1 - products * -low * activationMaximum(activationBits);
}

function clampRange(
  activation: Activation | ActivationFunction,
  output: TensorFormat,
): { clampLow: number; clampHigh: number } {
  const open = activation !== 'relu' && activation !== 'relu6';
  if (output.type === 'f32') {
    return {
      clampLow: open ? Number.NEGATIVE_INFINITY : 0,
      clampHigh: activation === 'relu6' ? 6 : Number.POSITIVE_INFINITY,
    };
  }
  const top = activationMaximum(output.bits);
  const six = output.zeroPoint + roundHalfEven(6 / output.scale);
  return {
    clampLow: open ? 0 : output.zeroPoint,
    clampHigh: activation === 'relu6' ? Math.min(top, six) : top,
  };
}
