import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { Layer, Network } from '../../src/network/types.ts';
import { INPUT } from '../../src/network/types.ts';
import type { Workload } from '../../src/network/workload.ts';
import type { BenchmarkLayer } from '../harness.ts';
import type { LayerRunner, Runner } from './contestants.ts';

/** The signals that the module of tfjs's backend listens to, as if the process were its own. */
const HIJACKED = ['uncaughtException', 'unhandledRejection'] as const;

/** Switches to the WebAssembly backend on one thread, with SIMD; errors elsewhere stay ours to report. */
export async function startTfjs(): Promise<void> {
  const listeners = (event: string) => process.listeners(event as 'uncaughtException');
  const before = HIJACKED.map((event) => new Set<unknown>(listeners(event)));
  const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  setWasmPaths(`${dirname(file)}/`);
  setThreadsCount(1);
  await tf.setBackend('wasm');
  await tf.ready();
  HIJACKED.forEach((event, k) => {
    for (const listener of listeners(event)) if (!before[k].has(listener)) process.removeListener(event, listener);
  });
}

type Convolution = Pick<Workload, 'kernel' | 'stride' | 'padding' | 'dilation' | 'groups' | 'activation'>;

/** Padding as the fused kernels take it; that `same` is the same shows when results are compared. */
function paddingOf({ padding: [top, right, bottom, left] }: Convolution): 'same' | 'valid' | number {
  if (top + right + bottom + left === 0) return 'valid';
  if (top === right && right === bottom && bottom === left) return top;
  return 'same';
}

const ACTIVATIONS = { none: 'linear', relu: 'relu', relu6: 'relu6', sigmoid: 'sigmoid' } as const;
type FusedActivation = (typeof ACTIVATIONS)[keyof typeof ACTIVATIONS];

function fusedActivation(activation: Workload['activation']): FusedActivation {
  if (activation === 'hardSwish') throw new Error('tfjs fuses no hard-swish');
  return ACTIVATIONS[activation];
}

/** One fused convolution (or depthwise one); weights are tensors, so that the backend packs them once. */
function convolve(
  x: tf.Tensor4D,
  w: tf.Tensor4D,
  bias: tf.Tensor1D,
  layer: Convolution,
  depthwise: boolean,
): tf.Tensor4D {
  const options = {
    x,
    filter: w,
    strides: layer.stride as [number, number],
    pad: paddingOf(layer),
    bias,
    activation: fusedActivation(layer.activation),
  };
  return depthwise ? tf.fused.depthwiseConv2d(options) : tf.fused.conv2d(options);
}

/** [out][h][w][in] to [h][w][in][out]; a depthwise kernel, with one input channel a group, to [h][w][channel][1]. */
function toHwio(weights: Float32Array, [out, height, width, channels]: number[], depthwise: boolean): tf.Tensor4D {
  return tf.tidy(() => {
    const kernel = tf.tensor4d(weights, [out, height, width, channels]);
    return depthwise ? tf.transpose(kernel, [1, 2, 0, 3]) : tf.transpose(kernel, [1, 2, 3, 0]);
  });
}

/** One f32 layer; only running it is timed, not reading the result. */
export function tfjsLayer({ layer, input }: BenchmarkLayer): LayerRunner {
  const { workload } = layer;
  const { height, width, inChannels, outChannels, kernel, groups } = workload;
  const weights = layer.weights as Float32Array;
  const bias = tf.tensor1d(layer.bias as Float32Array);
  let x: tf.Tensor;
  let w: tf.Tensor;
  let compute: () => tf.Tensor;
  if (workload.op === 'dense') {
    const a = tf.tensor2d(input as Float32Array, [1, inChannels]);
    const b = tf.tidy(() => tf.transpose(tf.tensor2d(weights, [outChannels, inChannels]))) as tf.Tensor2D;
    [x, w] = [a, b];
    compute = () => tf.fused.matMul({ a, b, bias, activation: fusedActivation(workload.activation) });
  } else {
    const image = tf.tensor4d(input as Float32Array, [1, height, width, inChannels]);
    const filter = toHwio(weights, [outChannels, kernel[0], kernel[1], inChannels / groups], groups > 1);
    [x, w] = [image, filter];
    compute = () => convolve(image, filter, bias, workload, groups > 1);
  }
  return {
    name: 'tfjs-wasm f32',
    run: () => compute().dispose(),
    output: () => tf.tidy(() => compute().dataSync()),
    dispose: () => tf.dispose([x, w, bias]),
  };
}

/** A folded network, op by op as a user would write it. */
export class TfjsNetwork {
  private readonly network: Network;
  private readonly tensors = new Map<string, tf.Tensor>();

  constructor(folded: Network, channelsOf: (tensor: string) => number) {
    this.network = folded;
    for (const layer of folded.layers) {
      if (layer.op !== 'conv2d' && layer.op !== 'dense') continue;
      const weights = folded.weights.get(`${layer.name}.kernel`)!;
      const bias = folded.weights.get(`${layer.name}.bias`) ?? new Float32Array(layer.outChannels);
      if (layer.op === 'dense') {
        const kernel = tf.tidy(() =>
          tf.transpose(tf.tensor2d(weights, [layer.outChannels, weights.length / layer.outChannels])),
        );
        this.tensors.set(`${layer.name}.kernel`, kernel);
      } else {
        const channels = channelsOf(layer.inputs[0]) / layer.groups;
        const shape = [layer.outChannels, layer.kernel[0], layer.kernel[1], channels];
        this.tensors.set(`${layer.name}.kernel`, toHwio(weights, shape, layer.groups > 1));
      }
      this.tensors.set(`${layer.name}.bias`, tf.tensor1d(bias));
    }
  }

  /** From a tensor to logits that can be read. @param input preprocessed reals. */
  runner(input: Float32Array): Runner {
    const x = tf.tensor4d(input, [1, ...this.network.inputShape]);
    const run = () => tf.tidy(() => this.execute(x).dataSync());
    return { name: 'tfjs-wasm f32', run, dispose: () => tf.dispose([x, ...this.tensors.values()]) };
  }

  logits(input: Float32Array): Float32Array {
    return tf.tidy(() => this.execute(tf.tensor4d(input, [1, ...this.network.inputShape])).dataSync() as Float32Array);
  }

  private execute(x: tf.Tensor4D): tf.Tensor {
    return tf.tidy(() => {
      const made = new Map<string, tf.Tensor>([[INPUT, x]]);
      let last: tf.Tensor = x;
      for (const layer of this.network.layers) {
        last = this.layer(layer, made);
        made.set(layer.name, last);
      }
      return last;
    });
  }

  private layer(layer: Layer, made: Map<string, tf.Tensor>): tf.Tensor {
    const x = made.get(layer.inputs[0])!;
    const kernel = this.tensors.get(`${layer.name}.kernel`)!;
    const bias = this.tensors.get(`${layer.name}.bias`) as tf.Tensor1D;
    if (layer.op === 'globalAveragePool') return tf.mean(x, [1, 2], true);
    if (layer.op === 'dense') {
      const a = tf.reshape(x, [1, -1]) as tf.Tensor2D;
      const y = tf.fused.matMul({ a, b: kernel as tf.Tensor2D, bias, activation: fusedActivation(layer.activation) });
      return tf.reshape(y, [1, 1, 1, layer.outChannels]);
    }
    if (layer.op !== 'conv2d') throw new Error(`The comparison knows no ${layer.op}.`);
    const residual = layer.inputs[1];
    const fused = residual ? { ...layer, activation: 'none' as const } : layer;
    const y = convolve(x as tf.Tensor4D, kernel as tf.Tensor4D, bias, fused, layer.groups > 1);
    if (!residual) return y;
    const sum = tf.add(y, made.get(residual)!);
    return layer.activation === 'none' ? sum : layer.activation === 'relu' ? tf.relu(sum) : tf.relu6(sum);
  }
}
