import { Random } from '../src/core/random.ts';
import type { Engine } from '../src/engine/engine.ts';
import { tensorSizes } from '../src/kernels/exactness/shapes.ts';
import { innerSize } from '../src/kernels/geometry.ts';
import { PARAMETER_BYTES } from '../src/kernels/parameters.ts';
import type { KernelVariant } from '../src/kernels/types.ts';
import type { Workload } from '../src/network/workload.ts';
import type { LayerArithmetic, QuantizedFormat } from '../src/quant/arithmetic.ts';
import { activationMaximum, type Scheme, schemeBits, weightRange } from '../src/quant/scheme.ts';

/** A layer with all its numbers, and an input for it. */
export interface BenchmarkLayer {
  layer: LayerArithmetic;
  input: Uint8Array | Float32Array;
}

/** The workload as a scheme meets it between layers of its own: f32 layers read and write f32, others u8. */
export function workloadFor(workload: Workload, scheme: Scheme): Workload {
  const type = scheme === 'f32' ? 'f32' : 'u8';
  return { ...workload, input: type, output: type };
}

/**
 * Numbers as a trained layer without residual has them: weights near a normal distribution, of He's variance, quantized a
 * channel; inputs as a ReLU leaves them, zero point 0; scales that spread the results over the output's range. No denormals.
 */
export function benchmarkLayer(workload: Workload, scheme: Scheme, seed: number): BenchmarkLayer {
  const random = new Random(seed + 1);
  const own = workloadFor(workload, scheme);
  const inner = innerSize(own);
  const real = realWeights(workload, seed);
  const inputLength = tensorSizes(own).input;
  const base = { name: 'benchmark', workload: own, scheme, clampLow: 0 };
  if (scheme === 'f32') {
    const bias = Float32Array.from({ length: own.outChannels }, () => random.real() - 0.5);
    const layer: LayerArithmetic = {
      ...base,
      input: { type: 'f32' },
      output: { type: 'f32' },
      weights: real,
      bias,
      clampHigh: Number.POSITIVE_INFINITY,
    };
    return { layer, input: Float32Array.from({ length: inputLength }, () => Math.max(normal(random), 0)) };
  }
  const { weightBits, activationBits } = schemeBits(scheme);
  const maximum = activationMaximum(activationBits);
  const { values, scales } = quantizedWeights(real, inner, weightBits);
  const input: QuantizedFormat = { type: 'u8', scale: Math.fround(3 / maximum), zeroPoint: 0, bits: activationBits };
  const output: QuantizedFormat = { type: 'u8', scale: Math.fround(6 / 255), zeroPoint: 0, bits: 8 };
  const steps = scales.map((scale) => scale * input.scale);
  const layer: LayerArithmetic = {
    ...base,
    input,
    output,
    weights: values,
    bias: Int32Array.from(steps, (step) => Math.round((random.real() - 0.5) / step)),
    multiplier: Float32Array.from(steps, (step) => step / output.scale),
    clampHigh: 255,
  };
  const draw = () => Math.min(Math.round(Math.max(normal(random), 0) / input.scale), maximum);
  return { layer, input: Uint8Array.from({ length: inputLength }, draw) };
}

/** The weights that were drawn last: schemes of one layer quantize the same ones, and drawing millions takes seconds. */
let drawn: { workload: Workload; seed: number; weights: Float32Array } | undefined;

function realWeights(workload: Workload, seed: number): Float32Array {
  if (drawn?.workload !== workload || drawn.seed !== seed) {
    const random = new Random(seed);
    const inner = innerSize(workload);
    const deviation = Math.sqrt(2 / inner);
    const weights = Float32Array.from({ length: inner * workload.outChannels }, () => normal(random) * deviation);
    drawn = { workload, seed, weights };
  }
  return drawn.weights;
}

/** Nearly normal (Irwin and Hall): mean 0, variance 1. */
function normal(random: Random): number {
  let sum = 0;
  for (let pair = 0; pair < 6; pair++) {
    const bits = random.uint32();
    sum += (bits & 0xffff) + (bits >>> 16);
  }
  return sum / 65536 - 6;
}

/** Symmetric, one scale an output channel; one bit keeps the signs and the mean of the sizes. */
function quantizedWeights(real: Float32Array, inner: number, bits: number): { values: Int8Array; scales: number[] } {
  const { low, high } = weightRange(bits);
  const values = new Int8Array(real.length);
  const scales: number[] = [];
  for (let start = 0; start < real.length; start += inner) {
    let sum = 0;
    let greatest = 1e-6;
    for (let i = start; i < start + inner; i++) {
      sum += Math.abs(real[i]);
      greatest = Math.max(greatest, Math.abs(real[i]));
    }
    const scale = bits === 1 ? Math.max(sum / inner, 1e-6) : greatest / -low;
    scales.push(scale);
    for (let i = start; i < start + inner; i++) {
      values[i] = bits === 1 ? (real[i] < 0 ? -1 : 1) : Math.min(Math.max(Math.round(real[i] / scale), low), high);
    }
  }
  return { values, scales };
}

/** A variant with a layer's buffers in kernel memory, ready to run. */
export interface PlacedKernel {
  run(): void;
  /** A copy of what the last run wrote. */
  output(): Uint8Array | Float32Array;
  /** Gives the memory back. */
  dispose(): void;
}

export function placeKernel(engine: Engine, variant: KernelVariant, { layer, input }: BenchmarkLayer): PlacedKernel {
  const blocks: number[] = [];
  const take = (bytes: number) => {
    const address = engine.allocator.allocate(bytes);
    blocks.push(address);
    return address;
  };
  const place = (content: Uint8Array) => {
    const address = take(content.length);
    engine.bytes(address, content.length).set(content);
    return address;
  };
  const elements = tensorSizes(layer.workload).output;
  const outputBytes = elements * (layer.output.type === 'f32' ? 4 : 1);
  const addresses = {
    input: place(new Uint8Array(input.buffer, input.byteOffset, input.byteLength)),
    residual: 0,
    output: take(outputBytes),
    weights: place(variant.packWeights(layer)),
    constants: place(variant.packConstants(layer)),
    scratch: take(variant.scratchBytes(layer.workload)),
  };
  const parameters = take(PARAMETER_BYTES);
  variant.writeParameters(new DataView(engine.kernels.memory.buffer), parameters, layer, addresses);
  const kernel = engine.kernels.call(variant.id);
  return {
    run: () => kernel(parameters),
    output: () => {
      const bytes = engine.bytes(addresses.output, outputBytes).slice();
      return layer.output.type === 'f32' ? new Float32Array(bytes.buffer) : bytes;
    },
    dispose: () => {
      for (const block of blocks.splice(0)) engine.allocator.release(block);
    },
  };
}

/** Milliseconds of one of `repeats` runs. */
export function timeRuns(run: () => void, repeats: number): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) run();
  return (performance.now() - start) / repeats;
}

/** The value below which the given share of the values lies, between two values in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const low = Math.floor(position);
  return sorted[low] + (position - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
