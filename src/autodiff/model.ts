import { assert, BitbudgetError } from '../core/errors.ts';
import { roundToHalf } from '../network/half.ts';
import { consumersOf } from '../network/shapes.ts';
import { INPUT, type Layer, type Network, type Weights } from '../network/types.ts';
import type { Autodiff, Tensor } from './index.ts';
import { outChannelsFirst, outChannelsLast } from './layout.ts';
import { runLayer } from './operations.ts';

type Variable = ReturnType<Autodiff['tf']['variable']>;

/** How far a running statistic moves towards the batch's at each step, at least: at first it is the mean of all so far. */
const STATISTICS_RATE = 0.02;

/**
 * A network whose weights can be trained: tfjs variables for what has a gradient, running statistics for batch norm.
 * While training, batch norm uses the batch's statistics, fused with the ReLU behind it; otherwise the running ones.
 */
export class TrainableModel {
  readonly network: Network;
  readonly autodiff: Autodiff;
  /** By weight name, in tfjs's order of axes. */
  readonly variables = new Map<string, Variable>();
  private readonly statistics = new Map<string, Float32Array>();
  /** Batches that each running statistic has seen. */
  private readonly seen = new Map<string, number>();
  /** ReLU layers that the batch norm before them computes along with itself. */
  private readonly fused = new Set<string>();
  /** Layers whose bias batch norm would remove: it is moved into the running mean and stays zero. */
  private readonly biasless = new Set<string>();

  /** @throws {BitbudgetError} `unsupported` for layers that cannot be trained yet. */
  constructor(autodiff: Autodiff, network: Network) {
    this.autodiff = autodiff;
    this.network = network;
    const byName = new Map(network.layers.map((layer) => [layer.name, layer]));
    const consumers = consumersOf(network.layers);
    for (const layer of network.layers) {
      assertTrainable(layer);
      const producer = byName.get(layer.inputs[0]);
      const alone = consumers.get(layer.inputs[0])?.length === 1;
      if (!producer || !alone) continue;
      if (layer.op === 'activation' && layer.activation === 'relu' && producer.op === 'batchNorm') {
        this.fused.add(layer.name).add(producer.name);
      }
      const plain = (producer.op === 'conv2d' || producer.op === 'dense') && producer.activation === 'none';
      if (layer.op === 'batchNorm' && plain && producer.bias) this.biasless.add(producer.name);
    }
    for (const layer of network.layers) this.createVariables(layer, byName);
  }

  /**
   * The logits [n][classes] of a batch [n][height][width][channels]. In training the running statistics move.
   *
   * @param tap takes the place of a layer's first input by what it returns; for whoever wants gradients there.
   */
  forward(batch: Tensor, training: boolean, tap?: (layer: Layer, input: Tensor) => Tensor): Tensor {
    const { autodiff } = this;
    const tensors = new Map<string, Tensor>([[INPUT, batch]]);
    const last = this.network.layers[this.network.layers.length - 1];
    for (const layer of this.network.layers) {
      const inputs = layer.inputs.map((name) => tensors.get(name)!);
      if (tap) inputs[0] = tap(layer, inputs[0]);
      const fusedActivation = layer.op === 'activation' && training && this.fused.has(layer.name);
      let output: Tensor;
      if (fusedActivation || layer.op === 'softmax') output = inputs[0];
      else if (layer.op === 'batchNorm') output = this.normalise(layer, inputs[0], training);
      else {
        const bias = this.biasless.has(layer.name) ? undefined : this.variables.get(`${layer.name}.bias`);
        output = runLayer(autodiff, layer, inputs, { kernel: this.variables.get(`${layer.name}.kernel`), bias });
      }
      tensors.set(layer.name, output);
    }
    const logits = tensors.get(last.name)!;
    return logits.reshape([batch.shape[0], -1]);
  }

  /** The weights as the network's own format has them, copied. */
  weights(): Weights {
    const weights: Weights = new Map();
    for (const name of this.network.weights.keys()) {
      const variable = this.variables.get(name);
      const statistic = this.statistics.get(name);
      if (statistic) weights.set(name, statistic.slice());
      else if (variable) {
        const values = variable.dataSync() as Float32Array;
        const outChannels = variable.shape[variable.shape.length - 1];
        weights.set(name, name.endsWith('.kernel') ? outChannelsFirst(values, outChannels) : values.slice());
      } else weights.set(name, new Float32Array(this.network.weights.get(name)!.length));
    }
    return weights;
  }

  /** Rounds every kernel to half precision: far finer than any quantization, and half the bytes on disk. */
  roundKernels(): void {
    for (const [name, variable] of this.variables) {
      if (!name.endsWith('.kernel')) continue;
      const values = this.autodiff.view(variable);
      values.forEach((value, k) => {
        values[k] = roundToHalf(value);
      });
    }
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose();
  }

  private normalise(layer: Extract<Layer, { op: 'batchNorm' }>, x: Tensor, training: boolean): Tensor {
    const { tf } = this.autodiff;
    const gamma = this.variables.get(`${layer.name}.gamma`)!;
    const beta = this.variables.get(`${layer.name}.beta`)!;
    const runningMean = this.statistics.get(`${layer.name}.mean`)!;
    const runningVariance = this.statistics.get(`${layer.name}.variance`)!;
    if (!training) {
      const scale = gamma.div(tf.sqrt(tf.add(tf.tensor(runningVariance), layer.epsilon)));
      return x.sub(tf.tensor(runningMean)).mul(scale).add(beta);
    }
    const attributes = { epsilon: layer.epsilon, relu: this.fused.has(layer.name) };
    const { y, mean, variance } = this.autodiff.batchNorm(x, gamma, beta, attributes);
    const pixels = x.size / runningMean.length;
    const unbiased = pixels > 1 ? pixels / (pixels - 1) : 1;
    const seen = (this.seen.get(layer.name) ?? 0) + 1;
    this.seen.set(layer.name, seen);
    const rate = Math.max(STATISTICS_RATE, 1 / seen);
    this.autodiff.view(mean).forEach((value, c) => {
      runningMean[c] += rate * (value - runningMean[c]);
    });
    this.autodiff.view(variance).forEach((value, c) => {
      runningVariance[c] += rate * (value * unbiased - runningVariance[c]);
    });
    tf.dispose([mean, variance]);
    return y;
  }

  private createVariables(layer: Layer, byName: Map<string, Layer>): void {
    const { tf } = this.autodiff;
    const read = (part: string) => {
      const values = this.network.weights.get(`${layer.name}.${part}`);
      assert(values, `network "${this.network.name}" has no ${layer.name}.${part}`);
      return values;
    };
    const create = (part: string, values: Float32Array, shape: number[]) =>
      this.variables.set(
        `${layer.name}.${part}`,
        tf.tidy(() => tf.variable(tf.tensor(values, shape))),
      );
    if (layer.op === 'conv2d' || layer.op === 'dense') {
      const kernel = read('kernel');
      const perChannel = kernel.length / layer.outChannels;
      const [height, width] = layer.op === 'conv2d' ? layer.kernel : [1, 1];
      const shape = layer.op === 'conv2d' ? [height, width, perChannel / (height * width)] : [perChannel];
      create('kernel', outChannelsLast(kernel, layer.outChannels), [...shape, layer.outChannels]);
      if (layer.bias && !this.biasless.has(layer.name)) create('bias', read('bias'), [layer.outChannels]);
    } else if (layer.op === 'batchNorm') {
      const gamma = read('gamma');
      create('gamma', gamma, [gamma.length]);
      create('beta', read('beta'), [gamma.length]);
      const mean = read('mean').slice();
      const producer = byName.get(layer.inputs[0]);
      if (producer && this.biasless.has(producer.name)) {
        this.network.weights.get(`${producer.name}.bias`)!.forEach((bias, c) => {
          mean[c] -= bias;
        });
      }
      this.statistics.set(`${layer.name}.mean`, mean);
      this.statistics.set(`${layer.name}.variance`, read('variance').slice());
    }
  }
}

function assertTrainable(layer: Layer): void {
  let problem = '';
  if (layer.op === 'conv2d' && layer.dilation.some((step) => step !== 1)) problem = 'is dilated';
  if (layer.op === 'averagePool' && layer.padding.some((size) => size !== 0)) problem = 'averages over padding';
  const smooth = layer.op === 'activation' && layer.activation !== 'relu' && layer.activation !== 'relu6';
  if (smooth || layer.op === 'concat' || layer.op === 'reshape')
    problem = `is a ${smooth ? layer.activation : layer.op}`;
  if (problem === '') return;
  throw new BitbudgetError(
    'unsupported',
    `Layer "${layer.name}" ${problem}, which training does not support yet.`,
    'Train a network of convolutions, dense layers, pools and ReLUs, such as resnet8.',
  );
}
