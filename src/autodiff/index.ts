import type * as TfjsModule from '@tensorflow/tfjs';
import {
  ACTIVATION_GRADIENT,
  BATCH_NORM_GRADIENT,
  BATCH_NORM_TRAINING,
  COLUMN_SUM,
  registerKernels,
} from './registration.ts';
import { type TfjsBackend, WasmKernels } from './wasm-kernels.ts';

export type Tfjs = typeof TfjsModule;
export type Tensor = TfjsModule.Tensor;

/** What automatic differentiation needs from the environment. */
export interface AutodiffFiles {
  /** Path, or in browsers the address, of tfjs's `tfjs-backend-wasm-simd.wasm`: the one with an unshared memory. */
  tfjsWasm: string;
  /** The bytes of our `training.wasm`. */
  kernels: BufferSource;
}

let loaded: Promise<Autodiff> | undefined;

/**
 * Loads TensorFlow.js on its wasm backend, single-threaded, with our convolution and batch-norm kernels in its memory.
 * It is loaded once a process, whatever is passed later.
 */
export function loadAutodiff(files: AutodiffFiles): Promise<Autodiff> {
  loaded ??= load(files);
  return loaded;
}

async function load(files: AutodiffFiles): Promise<Autodiff> {
  const tf = await import('@tensorflow/tfjs');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  // A threaded backend would have a shared memory, which our module cannot import.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  wasm.setWasmPaths({
    'tfjs-backend-wasm.wasm': files.tfjsWasm,
    'tfjs-backend-wasm-simd.wasm': files.tfjsWasm,
    'tfjs-backend-wasm-threaded-simd.wasm': files.tfjsWasm,
  });
  await tf.setBackend('wasm');
  await tf.ready();
  const kernels = await WasmKernels.load(tf.backend() as unknown as TfjsBackend, files.kernels);
  registerKernels(tf, kernels);
  return new Autodiff(tf, kernels);
}

/** Differentiable operations beyond those of tfjs, and tfjs itself. Activations are NHWC, filters [h][w][in][out]. */
export class Autodiff {
  readonly tf: Tfjs;
  private readonly kernels: WasmKernels;

  constructor(tf: Tfjs, kernels: WasmKernels) {
    this.tf = tf;
    this.kernels = kernels;
  }

  /**
   * A tensor's float32 values in place, for reading or writing at once: any allocation may end the view's life. What is
   * written is seen by our kernels and by elementwise ones, but not by `matMul`, which keeps a packed copy.
   */
  view(tensor: Tensor): Float32Array {
    return this.kernels.view(tensor);
  }

  /** Bytes of memory that tensors and scratch share; it grows and never shrinks. */
  memoryBytes(): number {
    return this.kernels.backend.wasm.asm.memory.buffer.byteLength;
  }

  /** Convolution with padding on the four sides, [top, right, bottom, left]; differentiable in x and filter. */
  convolution(
    x: Tensor,
    filter: Tensor,
    stride: readonly [number, number],
    padding: readonly [number, number, number, number],
  ): Tensor {
    const given = [x as TfjsModule.Tensor4D, filter as TfjsModule.Tensor4D] as const;
    return this.tf.conv2d(...given, [stride[0], stride[1]], explicitPadding(padding));
  }

  /**
   * Depthwise convolution: each channel of x with its own windows of the filter [h][w][channels][multiplier], which give
   * the output channels c · multiplier and on; padding as with {@link convolution}; differentiable in x and filter.
   */
  depthwise(
    x: Tensor,
    filter: Tensor,
    stride: readonly [number, number],
    padding: readonly [number, number, number, number],
  ): Tensor {
    const given = [x as TfjsModule.Tensor4D, filter as TfjsModule.Tensor4D] as const;
    return this.tf.depthwiseConv2d(...given, [stride[0], stride[1]], explicitPadding(padding));
  }

  /**
   * Convolution in groups: x's channels are cut into as many parts, and each meets its own part of the filters
   * [h][w][channels / groups][out]; composed of plain convolutions, and differentiable in both.
   */
  groupedConvolution(
    x: Tensor,
    filter: Tensor,
    groups: number,
    stride: readonly [number, number],
    padding: readonly [number, number, number, number],
  ): Tensor {
    const { tf } = this;
    const inputs = tf.split(x, groups, 3);
    const filters = tf.split(filter, groups, 3);
    const outputs = inputs.map((input, group) => this.convolution(input, filters[group], stride, padding));
    return tf.concat(outputs, 3);
  }

  /**
   * Batch norm by the statistics of the batch itself, with or without the ReLU behind it; differentiable in x, gamma
   * and beta. The variance is the biased one.
   *
   * @see Ioffe and Szegedy, Batch Normalization, ICML 2015, algorithm 1.
   */
  batchNorm(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    attributes: { epsilon: number; relu: boolean },
  ): { y: Tensor; mean: Tensor; variance: Tensor } {
    const { tf } = this;
    const run = (name: string, inputs: Record<string, Tensor>) =>
      tf.engine().runKernel(name, inputs, attributes) as unknown as Tensor[];
    let statistics: Tensor[] = [];
    const normalise = tf.customGrad((...given) => {
      const [input, scale, shift, save] = given as unknown as [Tensor, Tensor, Tensor, (tensors: Tensor[]) => void];
      const [y, mean, variance] = run(BATCH_NORM_TRAINING, { x: input, gamma: scale, beta: shift });
      statistics = [tf.keep(mean), tf.keep(variance)];
      save([input, scale, shift, mean, variance]);
      const gradFunc = (dy: Tensor, saved: Tensor[]) => {
        const [savedX, savedGamma, savedBeta, savedMean, savedVariance] = saved;
        const inputs = { x: savedX, gamma: savedGamma, beta: savedBeta, mean: savedMean, variance: savedVariance, dy };
        return run(BATCH_NORM_GRADIENT, inputs);
      };
      return { value: y, gradFunc };
    });
    const y = normalise(x, gamma, beta);
    return { y, mean: statistics[0], variance: statistics[1] };
  }

  /** ReLU or ReLU6, differentiable. */
  activation(x: Tensor, kind: 'relu' | 'relu6'): Tensor {
    const { tf } = this;
    const most = kind === 'relu' ? Number.POSITIVE_INFINITY : 6;
    const activate = tf.customGrad((...given) => {
      const [input, save] = given as unknown as [Tensor, (tensors: Tensor[]) => void];
      const value = kind === 'relu' ? tf.relu(input) : tf.relu6(input);
      save([value]);
      const gradFunc = (dy: Tensor, [y]: Tensor[]) =>
        tf.engine().runKernel(ACTIVATION_GRADIENT, { dy, y }, { most }) as unknown as Tensor;
      return { value, gradFunc };
    });
    return activate(x);
  }

  /** x [..., channels] + bias [channels], differentiable in both. */
  addBias(x: Tensor, bias: Tensor): Tensor {
    const { tf } = this;
    const add = tf.customGrad((...given) => {
      const [input, offset] = given as unknown as [Tensor, Tensor];
      const gradFunc = (dy: Tensor) => [dy.clone(), tf.engine().runKernel(COLUMN_SUM, { x: dy }) as unknown as Tensor];
      return { value: tf.add(input, offset), gradFunc };
    });
    return add(x, bias);
  }

  /**
   * Mean over the batch of the cross-entropy between softmax(logits) and the targets, both [batch][classes] with targets
   * that sum to one; differentiable in the logits.
   */
  crossEntropy(logits: Tensor, targets: Tensor): Tensor {
    const { tf } = this;
    const loss = tf.customGrad((...given) => {
      const [values, save] = given as unknown as [Tensor, (tensors: Tensor[]) => void];
      // Targets sum to one, so −Σ t·log softmax(z) = log Σ exp z − Σ t·z; and whatever is not finite stays so.
      const value = tf.mean(tf.sub(tf.logSumExp(values, 1), tf.sum(tf.mul(targets, values), 1)));
      save([tf.softmax(values), targets]);
      const gradFunc = (dy: Tensor, [softmax, wanted]: Tensor[]) =>
        tf.mul(tf.div(tf.sub(softmax, wanted), values.shape[0]), dy);
      return { value, gradFunc };
    });
    return loss(logits);
  }
}

type ExplicitPadding = [[number, number], [number, number], [number, number], [number, number]];

/** [top, right, bottom, left] as tfjs has it, one pair an axis of NHWC. */
function explicitPadding([top, right, bottom, left]: readonly [number, number, number, number]): ExplicitPadding {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}
