/** Height, width, channels of one activation tensor; the batch is always 1 and the layout NHWC. */
export type Shape = readonly [height: number, width: number, channels: number];

export type Pair = readonly [height: number, width: number];
export type Padding = readonly [top: number, right: number, bottom: number, left: number];
/** What a layer with weights, or an addition, applies to its own result. */
export type Activation = 'none' | 'relu' | 'relu6';
/** What a layer of its own can apply: hard-swish is x·min(max(x + 3, 0), 6)/6, sigmoid 1/(1 + e^−x). */
export type ActivationFunction = Exclude<Activation, 'none'> | 'hardSwish' | 'sigmoid';

/** An 8-bit format that an imported model prescribes for a tensor: real = scale · (q − zeroPoint), q in 0..255. */
export interface StoredFormat {
  scale: number;
  zeroPoint: number;
}

interface LayerBase {
  /** Unique in the network; also the name of the layer's output tensor. */
  name: string;
  /** Names of the layers whose outputs are read, or `input` for the network's input. */
  inputs: string[];
  /**
   * Set by importers of integer models: the output is kept in this format wherever the layer runs in 8-bit integers, also
   * where its readers compute in f32.
   */
  stored?: StoredFormat;
}

export interface Conv2dLayer extends LayerBase {
  op: 'conv2d';
  outChannels: number;
  kernel: Pair;
  stride: Pair;
  padding: Padding;
  dilation: Pair;
  groups: number;
  activation: Activation;
  /** After folding: `inputs[1]`, where present, is added before the activation. */
  bias: boolean;
}

export interface DenseLayer extends LayerBase {
  op: 'dense';
  outChannels: number;
  activation: Activation;
  bias: boolean;
}

/** Inference-time normalisation with stored statistics; gone after folding. */
export interface BatchNormLayer extends LayerBase {
  op: 'batchNorm';
  epsilon: number;
}

/** ReLU and ReLU6 are gone after folding where the producer can apply them. */
export interface ActivationLayer extends LayerBase {
  op: 'activation';
  activation: ActivationFunction;
}

export interface AddLayer extends LayerBase {
  op: 'add';
  activation: Activation;
}

/** Two tensors of one height and width, one behind the other along the channels; more are joined two at a time. */
export interface ConcatLayer extends LayerBase {
  op: 'concat';
}

/** Padding does not count towards an average and never wins a maximum. */
export interface PoolLayer extends LayerBase {
  op: 'averagePool' | 'maxPool';
  kernel: Pair;
  stride: Pair;
  padding: Padding;
}

export interface GlobalAveragePoolLayer extends LayerBase {
  op: 'globalAveragePool';
}

/** Parameter-free shortcut (He et al. 2015, option A): takes every stride-th pixel and adds channels of zeros. */
export interface SubsampleLayer extends LayerBase {
  op: 'subsample';
  stride: Pair;
  channelsBefore: number;
  channelsAfter: number;
}

export interface FlattenLayer extends LayerBase {
  op: 'flatten';
}

/** The same elements in the same order (rows, columns, channels) under another shape. */
export interface ReshapeLayer extends LayerBase {
  op: 'reshape';
  shape: Shape;
}

export interface SoftmaxLayer extends LayerBase {
  op: 'softmax';
}

export type Layer =
  | Conv2dLayer
  | DenseLayer
  | BatchNormLayer
  | ActivationLayer
  | AddLayer
  | ConcatLayer
  | PoolLayer
  | GlobalAveragePoolLayer
  | SubsampleLayer
  | FlattenLayer
  | ReshapeLayer
  | SoftmaxLayer;

export type Op = Layer['op'];

/**
 * Real-valued tensors by name, all Float32Array:
 * `<layer>.kernel` (conv2d: [outChannels][kernelH][kernelW][inChannels / groups]; dense: [outChannels][inputs]),
 * `<layer>.bias` [outChannels], and for batchNorm `<layer>.gamma|beta|mean|variance` [channels].
 */
export type Weights = Map<string, Float32Array>;

/** How raw pixels become the network's input: (pixel / 255 − mean[c]) / std[c]. */
export interface Preprocessing {
  mean: number[];
  std: number[];
}

/** A layer's weights as an imported integer model holds them. */
export interface IntegerWeights {
  /** In the layout of `<layer>.kernel`. */
  values: Int8Array;
  /** One an output channel: real = scale · integer. */
  scales: Float64Array;
  /** One an output channel, in units of input scale · weight scale. */
  bias: Int32Array;
  /** The input scale that the bias counts in. */
  inputScale: number;
}

/** What an imported integer model prescribes besides the `stored` formats of its layers. */
export interface ImportedQuantization {
  /** Format of the network's input. */
  input?: StoredFormat;
  /** By layer; `weights` of the network hold the same as reals. */
  weights: Map<string, IntegerWeights>;
}

/** A graph of layers in execution order; the last layer's output is the network's output. */
export interface Network {
  name: string;
  inputShape: Shape;
  preprocessing: Preprocessing;
  layers: Layer[];
  weights: Weights;
  /** Present in imported integer models: layers that run in w8a8 then do so with the model's own numbers. */
  quantization?: ImportedQuantization;
}

/** The name under which layers refer to the network's input tensor. */
export const INPUT = 'input';
