/** Height, width, channels of one activation tensor; the batch is always 1 and the layout NHWC. */
export type Shape = readonly [height: number, width: number, channels: number];

export type Pair = readonly [height: number, width: number];
export type Padding = readonly [top: number, right: number, bottom: number, left: number];
export type Activation = 'none' | 'relu' | 'relu6';

interface LayerBase {
  /** Unique in the network; also the name of the layer's output tensor. */
  name: string;
  /** Names of the layers whose outputs are read, or `input` for the network's input. */
  inputs: string[];
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

/** Gone after folding where the producer can apply it. */
export interface ActivationLayer extends LayerBase {
  op: 'activation';
  activation: Exclude<Activation, 'none'>;
}

export interface AddLayer extends LayerBase {
  op: 'add';
  activation: Activation;
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

export interface SoftmaxLayer extends LayerBase {
  op: 'softmax';
}

export type Layer =
  | Conv2dLayer
  | DenseLayer
  | BatchNormLayer
  | ActivationLayer
  | AddLayer
  | PoolLayer
  | GlobalAveragePoolLayer
  | SubsampleLayer
  | FlattenLayer
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

/** A graph of layers in execution order; the last layer's output is the network's output. */
export interface Network {
  name: string;
  inputShape: Shape;
  preprocessing: Preprocessing;
  layers: Layer[];
  weights: Weights;
}

/** The name under which layers refer to the network's input tensor. */
export const INPUT = 'input';
