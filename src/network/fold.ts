import { assert, BitbudgetError } from '../core/errors.ts';
import { consumersOf } from './shapes.ts';
import type { BatchNormLayer, Conv2dLayer, DenseLayer, Layer, Network, Weights } from './types.ts';

type Weighted = Conv2dLayer | DenseLayer;

/**
 * The network as it is executed: batch norm folded into the weights before it, activations and residual additions fused
 * into the layer that produces their operand, flattening dropped (the layout is dense already). Layers keep their names;
 * a fused layer's output takes the place of the last layer that it swallowed. A residual convolution has `inputs[1]`.
 * Weights are folded where present; a graph without weights folds too.
 *
 * @throws {BitbudgetError} `unsupported` where a batch norm or activation has no producer that could absorb it.
 */
export function foldNetwork(network: Network): Network {
  const layers = network.layers.map((layer) => ({ ...layer, inputs: [...layer.inputs] }));
  const weights: Weights = new Map(network.weights);
  const kept: Layer[] = [];
  const byName = new Map<string, Layer>();
  const consumers = consumersOf(layers);
  /** Where a swallowed layer's output is now to be found. */
  const replacedBy = new Map<string, string>();

  for (const layer of layers) {
    layer.inputs = layer.inputs.map((name) => replacedBy.get(name) ?? name);
    const host = absorb(layer, byName, consumers, weights, network.layers);
    if (host) {
      replacedBy.set(layer.name, host.name);
      consumers.set(host.name, consumers.get(layer.name) ?? []);
      if (host.op === 'conv2d' && layer.op === 'add') moveToEnd(kept, host);
    } else {
      kept.push(layer);
      byName.set(layer.name, layer);
    }
  }
  return { ...network, layers: kept, weights };
}

/** Returns the layer that now also does `layer`'s work, or undefined where `layer` has to run by itself. */
function absorb(
  layer: Layer,
  byName: Map<string, Layer>,
  consumers: Map<string, string[]>,
  weights: Weights,
  originals: readonly Layer[],
): Layer | undefined {
  const single = (name: string) => consumers.get(name)?.length === 1;
  const producer = byName.get(layer.inputs[0]);
  switch (layer.op) {
    case 'flatten':
      if (producer) return producer;
      throw notAbsorbed(layer);
    case 'batchNorm': {
      const plain = producer && isWeighted(producer) && producer.activation === 'none' && producer.inputs.length === 1;
      if (!plain || !single(producer.name)) throw notAbsorbed(layer);
      foldBatchNorm(producer, layer, weights);
      return producer;
    }
    case 'activation': {
      const hosts = producer && (isWeighted(producer) || producer.op === 'add') && producer.activation === 'none';
      if (!hosts || !single(producer.name)) throw notAbsorbed(layer);
      producer.activation = layer.activation;
      return producer;
    }
    case 'add':
      return absorbAdd(layer, byName, single, originals);
    default:
      return undefined;
  }
}

/** Fuses an addition into a convolution that nothing else reads; of two, into the one that runs last. */
function absorbAdd(
  layer: Extract<Layer, { op: 'add' }>,
  byName: Map<string, Layer>,
  single: (name: string) => boolean,
  originals: readonly Layer[],
): Conv2dLayer | undefined {
  const position = (name: string) => originals.findIndex((original) => original.name === name);
  const operands = [...layer.inputs].sort((a, b) => position(b) - position(a));
  for (const [i, name] of operands.entries()) {
    const host = byName.get(name);
    if (host?.op !== 'conv2d' || host.activation !== 'none' || host.inputs.length > 1 || !single(name)) continue;
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

function notAbsorbed(layer: Layer): BitbudgetError {
  const problem = `Layer "${layer.name}" (${layer.op}) does not follow a layer that can take it over.`;
  const remedy =
    'Place batch norm directly behind a convolution or dense layer, and activations behind those or an addition, with no other reader in between.';
  return new BitbudgetError('unsupported', problem, remedy);
}
