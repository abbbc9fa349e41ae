import type { Random } from '../../core/random.ts';
import type { Workload } from '../../network/workload.ts';
import type { LayerArithmetic, QuantizedFormat, Rescale, TensorFormat } from '../../quant/arithmetic.ts';
import { activationTable } from '../../quant/reference/activation.ts';
import { activationMaximum, type Scheme, schemeBits, weightRange } from '../../quant/scheme.ts';
import { innerSize } from '../geometry.ts';
import { tensorSizes } from './shapes.ts';

/** What a case demands of its numbers; `random` for all that it does not name. */
export interface Numbers {
  zeroPoint?: 'lowest' | 'highest' | 'random';
  weights?: 'random' | 'lowest' | 'highest' | 'alternating';
  activations?: 'random' | 'lowest' | 'highest' | 'alternating';
  residual?: 'none' | 'u8' | 'f32';
  /** Numbers after so many repeat themselves: large cases that are only timed are made in no time. */
  period?: number;
}

type Tensor = Uint8Array | Float32Array;

/** A layer with its tensors, ready to be executed by a kernel and by the reference. */
export interface ExactnessCase {
  name: string;
  layer: LayerArithmetic;
  input: Tensor;
  residual?: Tensor;
}

/** Makes up the numbers of a layer: scales that spread the results over the output's range, some of them powers of two for ties. */
export function makeCase(workload: Workload, scheme: Scheme, numbers: Numbers, random: Random): ExactnessCase {
  const sizes = tensorSizes(workload);
  const bits = schemeBits(scheme).activationBits;
  const input = inputFormat(workload, bits, numbers, random);
  const residual = numbers.residual === 'none' ? undefined : residualFormat(numbers.residual ?? 'u8', random);
  const output: TensorFormat =
    workload.output === 'f32' ? { type: 'f32' } : quantized([8, 8, 5, 2][random.below(4)], numbers, random);
  const layer: LayerArithmetic = {
    name: 'case',
    workload: { ...workload, residual: workload.op === 'conv2d' && residual !== undefined },
    scheme,
    input,
    output,
    ...(residual ? { residual, residualMultiplier: Math.fround(0.05 + random.real()) } : {}),
    ...(workload.input === 'shared' && bits < 8 ? { rescale: makeRescale(bits, random) } : {}),
    ...makeWeights(workload, scheme, numbers, random),
    ...clampOf(workload, output),
  };
  if (scheme === 'f32' && output.type === 'u8')
    layer.outputMultiplier = scaleFor(Math.sqrt(innerSize(workload)), random);
  const looksUp = scheme === 'u8' && workload.op === 'activation' && input.type === 'u8' && output.type === 'u8';
  if (looksUp) layer.table = activationTable(layer);
  const name = `${scheme} ${describe(layer)} ${Object.entries(numbers).map((entry) => entry.join('='))}`;
  return {
    name,
    layer,
    input: makeTensor(input, sizes.input, numbers, random),
    ...(residual ? { residual: makeTensor(residual, sizes.operand, { period: numbers.period }, random) } : {}),
  };
}

function describe({ workload: w }: LayerArithmetic): string {
  const groups = w.groups === 1 ? '' : ` g${w.groups}`;
  const shape = `${w.height}x${w.width}x${w.inChannels}->${w.outChannels}${groups}`;
  return `${shape} k${w.kernel.join('x')} s${w.stride.join('x')} p${w.padding.join('.')} ${w.activation} ${w.input}:${w.output}`;
}

function quantized(bits: number, numbers: Numbers, random: Random): QuantizedFormat {
  const maximum = activationMaximum(bits);
  const zeroPoint = { lowest: 0, highest: maximum, random: random.below(maximum + 1) }[numbers.zeroPoint ?? 'random'];
  return { type: 'u8', scale: Math.fround(0.01 + random.real() / 50), zeroPoint, bits };
}

function inputFormat(w: Workload, bits: number, numbers: Numbers, random: Random): TensorFormat {
  if (w.input === 'f32') return { type: 'f32' };
  return quantized(w.input === 'shared' ? 8 : Math.min(bits, 8), numbers, random);
}

function residualFormat(type: 'u8' | 'f32', random: Random): TensorFormat {
  return type === 'f32' ? { type } : quantized(8, {}, random);
}

/** Multiplier and shift near (2^bits − 1) / 255, as many bits of it as 16-bit lanes allow or fewer. */
function makeRescale(bits: number, random: Random): Rescale {
  const maximum = activationMaximum(bits);
  let shift = 4 + random.below(11);
  const multiplierAt = (s: number) => Math.max(Math.round((2 ** s * maximum) / 255), 1);
  while (255 * multiplierAt(shift) + 2 ** (shift - 1) > 32767) shift--;
  return { multiplier: multiplierAt(shift), shift, zeroPoint: random.below(maximum + 1), bits };
}

/** About 60 units of the output for a typical result, in one case of three as a power of two. */
function scaleFor(typicalResult: number, random: Random): number {
  const scale = (60 * (0.25 + random.real())) / Math.max(typicalResult, 1e-6);
  return random.below(3) === 0 ? 2 ** Math.round(Math.log2(scale)) : Math.fround(scale);
}

function makeWeights(w: Workload, scheme: Scheme, numbers: Numbers, random: Random): Partial<LayerArithmetic> {
  if (w.op !== 'conv2d' && w.op !== 'dense')
    return scheme === 'u8' ? { multiplier: Float32Array.of(unitScale(random)) } : {};
  const count = innerSize(w) * w.outChannels;
  if (scheme === 'f32') {
    return {
      weights: fill(new Float32Array(count), () => random.real() * 2 - 1, numbers.period),
      bias: Float32Array.from({ length: w.outChannels }, () => random.real() * 2 - 1),
    };
  }
  const { weightBits, activationBits } = schemeBits(scheme);
  const { low, high } = weightRange(weightBits);
  const weightOf = {
    random: () => (weightBits === 1 ? random.below(2) * 2 - 1 : low + random.below(high - low + 1)),
    lowest: () => low,
    highest: () => high,
    alternating: (i: number) => (i % 2 ? low : high),
  }[numbers.weights ?? 'random'];
  const typical = (Math.sqrt(innerSize(w)) * activationMaximum(activationBits) * high) / 3;
  const biasLimit = (numbers.weights ?? 'random') === 'random' ? Math.ceil(typical) : 0;
  return {
    weights: fill(new Int8Array(count), weightOf, numbers.period),
    bias: Int32Array.from({ length: w.outChannels }, () => random.below(2 * biasLimit + 1) - biasLimit),
    multiplier: Float32Array.from({ length: w.outChannels }, () => scaleFor(typical, random)),
  };
}

function unitScale(random: Random): number {
  return random.below(3) === 0 ? 0.5 : Math.fround(0.2 + random.real());
}

function clampOf(w: Workload, output: TensorFormat): { clampLow: number; clampHigh: number } {
  const bounded = w.activation === 'relu' || w.activation === 'relu6';
  if (output.type === 'f32') {
    if (!bounded) return { clampLow: Number.NEGATIVE_INFINITY, clampHigh: Number.POSITIVE_INFINITY };
    return { clampLow: 0, clampHigh: w.activation === 'relu6' ? 6 : Number.POSITIVE_INFINITY };
  }
  const maximum = activationMaximum(output.bits);
  return {
    clampLow: bounded ? output.zeroPoint : 0,
    clampHigh: w.activation === 'relu6' ? Math.min(output.zeroPoint + 6, maximum) : maximum,
  };
}

function makeTensor(
  format: TensorFormat,
  length: number,
  { activations = 'random', period }: Numbers,
  random: Random,
): Tensor {
  if (format.type === 'f32') return fill(new Float32Array(length), () => random.real() * 4 - 2, period);
  const maximum = activationMaximum(format.bits);
  const elementOf = {
    random: () => random.below(maximum + 1),
    lowest: () => 0,
    highest: () => maximum,
    alternating: (i: number) => (i % 2 ? 0 : maximum),
  }[activations];
  return fill(new Uint8Array(length), elementOf, period);
}

/** Makes elements one by one as far as the period, and repeats them from there on. */
function fill<T extends Tensor | Int8Array>(
  values: T,
  elementOf: (i: number) => number,
  period = Number.POSITIVE_INFINITY,
): T {
  const own = Math.min(values.length, period);
  for (let i = 0; i < own; i++) values[i] = elementOf(i);
  for (let done = own; done < values.length; done *= 2) values.copyWithin(done, 0, done);
  return values;
}
