import { assert } from '../core/errors.ts';
import { consumersOf, inferShapes } from './shapes.ts';
import type { BatchNormLayer, Conv2dLayer, DenseLayer, Layer, Network, Shape, Weights } from './types.ts';

type Weighted = Conv2dLayer | DenseLayer;

/**
 * The network as it is executed: batch norm folded into the weights before it, activations and residual additions fused
 * into the layer that produces their operand, flattening dropped where its readers take a tensor as it lies. What finds no
 * such layer runs by itself: batch norm as a depthwise 1 × 1 convolution, a flattening as a reshape. Layers keep their
 * names; a fused layer's output takes the place of the last layer that it swallowed. A residual convolution has
 * `inputs[1]`. Nothing is fused across a tensor with a `stored` format, whose rounding belongs to the model.
 * Weights are folded where present; a graph without weights folds too.
 *
 * @throws {BitbudgetError} `input` for a graph whose shapes do not fit together.
 */
export function foldNetwork(network: Network): Network {
  const layers = network.layers.map((layer) => ({ ...layer, inputs: [...layer.inputs] }));
  const folding: Folding = {
    shapes: inferShapes(network),
    originals: network.layers,
    weights: new Map(network.weights),
    prescribed: network.quantization?.weights,
    byName: new Map(),
    consumers: consumersOf(layers),
  };
  const kept: Layer[] = [];
  /** Where a swallowed layer's output is now to be found. */
  const replacedBy = new Map<string, string>();

  for (const layer of layers) {
    layer.inputs = layer.inputs.map((name) => replacedBy.get(name) ?? name);
    const host = absorb(layer, folding);
    if (host !== undefined) {
      replacedBy.set(layer.name, host);
      const others = (folding.consumers.get(host) ?? []).filter((reader) => reader !== layer.name);
      folding.consumers.set(host, [...others, ...(folding.consumers.get(layer.name) ?? [])]);
      const layerOfHost = folding.byName.get(host);
      if (layer.stored && layerOfHost) layerOfHost.stored = layer.stored;
      if (layerOfHost?.op === 'conv2d' && layer.op === 'add') moveToEnd(kept, layerOfHost);
    } else {
      const alone = standAlone(layer, folding);
      kept.push(alone);
      folding.byName.set(layer.name, alone);
    }
  }
  return { ...network, layers: kept, weights: folding.weights };
}

/** What folding knows of the graph on its way through the layers. */
interface Folding {
  shapes: ReadonlyMap<string, Shape>;
  originals: readonly Layer[];
  weights: Weights;
  /** Layers with these keep their weights as the model holds them. */
  prescribed: ReadonlyMap<string, unknown> | undefined;
  byName: Map<string, Layer>;
  consumers: Map<string, string[]>;
}

/** Returns the name of the tensor that now also holds `layer`'s output, or undefined where `layer` has to run by itself. */
function absorb(layer: Layer, folding: Folding): string | undefined {
  const { byName, consumers, weights, prescribed } = folding;
  const [input] = layer.inputs;
  const producer = byName.get(input);
  const single = consumers.get(input)?.length === 1;
  const open = producer !== undefined && single && !producer.stored;
  switch (layer.op) {
    case 'flatten':
    case 'reshape':
      return liesAsRead(layer, folding) ? input : undefined;
    case 'batchNorm': {
      if (!open || !isWeighted(producer) || producer.activation !== 'none' || producer.inputs.length > 1)
        return undefined;
      if (prescribed?.has(producer.name)) return undefined;
      foldBatchNorm(producer, layer, weights);
      return producer.name;
    }
    case 'activation': {
      if (!open || !(isWeighted(producer) || producer.op === 'add') || producer.activation !== 'none') return undefined;
      if (layer.activation !== 'relu' && layer.activation !== 'relu6') return undefined;
      producer.activation = layer.activation;
      return producer.name;
    }
    case 'add':
      return absorbAdd(layer, folding)?.name;
    default:
      return undefined;
  }
}

/** Whether a reshaped tensor may stay under its old shape: where that is the same, or all that reads it is dense. */
function liesAsRead(layer: Layer, { shapes, originals, byName, consumers }: Folding): boolean {
  const [input] = layer.inputs;
  const producer = byName.get(input);
  if (layer.stored) {
    // the model rounds here, and its producer is still to be rounded for the first time, or was in the same way
    const same = producer?.stored?.scale === layer.stored.scale && producer.stored.zeroPoint === layer.stored.zeroPoint;
    const free = producer !== undefined && !producer.stored && consumers.get(input)?.length === 1;
    if (!same && !free) return false;
  }
  const before = shapes.get(input)!;
  const after = shapes.get(layer.name)!;
  const readers = consumers.get(layer.name) ?? [];
  if (before.every((size, axis) => size === after[axis])) return producer !== undefined || readers.length > 0;
  if (readers.length === 0) return producer !== undefined;
  return readers.every((name) => originals.find((original) => original.name === name)?.op === 'dense');
}

/** The layer that does the work of one that nothing absorbs. */
function standAlone(layer: Layer, folding: Folding): Layer {
  const { name, inputs, stored } = layer;
  if (layer.op === 'flatten') {
    return { op: 'reshape', name, inputs, shape: folding.shapes.get(name)!, ...(stored && { stored }) };
  }
  if (layer.op !== 'batchNorm') return layer;
  const [, , channels] = folding.shapes.get(name)!;
  const kernel: Conv2dLayer = {
    ...{ op: 'conv2d', name, inputs, outChannels: channels, kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] },
    ...{ dilation: [1, 1], groups: channels, activation: 'none', bias: false, ...(stored && { stored }) },
  };
  if (folding.weights.has(`${name}.gamma`)) {
    folding.weights.set(`${name}.kernel`, new Float32Array(channels).fill(1));
  }
  foldBatchNorm(kernel, layer, folding.weights);
  return kernel;
}

/** Fuses an addition into a convolution that nothing else reads; of two, into the one that runs last. */
function absorbAdd(
  layer: Extract<Layer, { op: 'add' }>,
  { byName, consumers, originals }: Folding,
): Conv2dLayer | undefined {
  const position = (name: string) => originals.findIndex((original) => original.name === name);
  const operands = [...layer.inputs].sort((a, b) => position(b) - position(a));
  if (operands[0] === operands[1]) return undefined;
  for (const [i, name] of operands.entries()) {
    const host = byName.get(name);
    if (host?.op !== 'conv2d' || host.activation !== 'none' || host.inputs.length > 1 || host.stored) continue;
    if (consumers.get(name)?.length !== 1) continue;
    host.inputs.push(operands[1 - i]);
    host.activation = layer.activation;
    return host;
  }
  return undefined;
}

/** The residual may have been produced after the convolution that adds it: run the convolution last. */
function moveToEnd(layers: Layer[], layer: Layer): void {
  layers.splice(layers.indexOf(layer), 1);
  layers.push(layer);
}

function isWeighted(layer: Layer): layer is Weighted {
  return layer.op === 'conv2d' || layer.op === 'dense';
}

/** w' = w·γ/√(σ² + ε) and b' = β + (b − μ)·γ/√(σ² + ε) for each output channel, in double precision, rounded once. */
function foldBatchNorm(host: Weighted, norm: BatchNormLayer, weights: Weights): void {
  const hadBias = host.bias;
  host.bias = true;
  const kernel = weights.get(`${host.name}.kernel`);
  if (!kernel) return;
  const read = (name: string) => {
    const values = weights.get(name);
    assert(values, `tensor ${name} is missing`);
    return values;
  };
  const gamma = read(`${norm.name}.gamma`);
  const beta = read(`${norm.name}.beta`);
  const mean = read(`${norm.name}.mean`);
  const variance = read(`${norm.name}.variance`);
  const oldBias = hadBias ? read(`${host.name}.bias`) : undefined;
  const folded = new Float32Array(kernel.length);
  const bias = new Float32Array(host.outChannels);
  const perChannel = kernel.length / host.outChannels;
  for (let channel = 0; channel < host.outChannels; channel++) {
    const factor = gamma[channel] / Math.sqrt(variance[channel] + norm.epsilon);
    const start = channel * perChannel;
    for (let k = start; k < start + perChannel; k++) folded[k] = kernel[k] * factor;
    bias[channel] = beta[channel] + ((oldBias ? oldBias[channel] : 0) - mean[channel]) * factor;
  }
  weights.set(`${host.name}.kernel`, folded);
  weights.set(`${host.name}.bias`, bias);
  for (const part of ['gamma', 'beta', 'mean', 'variance']) weights.delete(`${norm.name}.${part}`);
}
