import { assert, BitbudgetError } from '../core/errors.ts';
import { consumersOf, inferShapes } from '../network/shapes.ts';
import { INPUT, type Layer, type Network, type Shape } from '../network/types.ts';
import {
  type InputFormat,
  type OutputFormat,
  type Workload,
  type WorkloadOp,
  workloadMacs,
} from '../network/workload.ts';
import { type Scheme, schemeBits } from './scheme.ts';

/** How one tensor is stored: `shared` tensors have several readers and keep 8 bits. */
export interface TensorPlacement {
  type: 'u8' | 'f32';
  bits: number;
  shared: boolean;
}

export interface TensorPlan {
  /** The scheme of every folded layer; those without weights are `u8` or `f32`. */
  schemes: Map<string, Scheme>;
  tensors: Map<string, TensorPlacement>;
  workloads: Map<string, Workload>;
  shapes: Map<string, Shape>;
}

/**
 * Decides how every tensor of a folded network is stored once the layers with weights have their schemes.
 * A layer without weights runs in f32 if all that reads it is f32 (softmax always). A tensor is f32 if all its readers
 * are; otherwise u8, at its reader's activation bits if it has one reader, at 8 bits (`shared`) if it has several or
 * is a residual. The network's output is f32. Where an imported model prescribes a tensor's format (`stored`), the layer
 * that makes it runs in u8 as soon as it reads u8 that an integer layer made, and the tensor is u8 if that layer is no f32.
 *
 * @param folded a network from `foldNetwork`.
 * @param schemes the scheme of each conv2d and dense layer.
 * @throws {BitbudgetError} `input` if a layer with weights has no scheme.
 */
export function planTensors(
  folded: Pick<Network, 'inputShape' | 'layers'>,
  schemes: ReadonlyMap<string, Scheme>,
): TensorPlan {
  const facts = graphFacts(folded);
  const { consumers, byName, shapes } = facts;
  const complete = completeSchemes(folded.layers, consumers, schemes);

  const tensors = new Map<string, TensorPlacement>();
  for (const name of [INPUT, ...byName.keys()]) {
    tensors.set(name, placeTensor(name, consumers.get(name) ?? [], byName, complete));
  }

  const workloads = new Map<string, Workload>();
  for (const layer of folded.layers) {
    workloads.set(layer.name, workloadOf(layer, facts, tensors));
  }
  return { schemes: complete, tensors, workloads, shapes };
}

/** What follows from the graph alone. */
interface GraphFacts {
  consumers: Map<string, string[]>;
  byName: Map<string, Layer>;
  shapes: Map<string, Shape>;
  /** By layer and by how it reads and writes: those that were asked for so far. */
  workloads: Map<string, Workload>;
}

/** Searches plan one graph many thousand times; a folded network is never changed. */
const GRAPH_FACTS = new WeakMap<object, GraphFacts>();

function graphFacts(folded: Pick<Network, 'inputShape' | 'layers'>): GraphFacts {
  let facts = GRAPH_FACTS.get(folded.layers);
  if (!facts) {
    const byName = new Map(folded.layers.map((layer) => [layer.name, layer]));
    facts = { consumers: consumersOf(folded.layers), byName, shapes: inferShapes(folded), workloads: new Map() };
    GRAPH_FACTS.set(folded.layers, facts);
  }
  return facts;
}

/** Names of the layers that a scheme is chosen for, in execution order. */
export function weightedLayers(folded: Pick<Network, 'layers'>): string[] {
  return folded.layers.filter(hasWeights).map((layer) => layer.name);
}

/**
 * One scheme for the whole network; by default the first convolution and the classifier stay at 8 bits (f32 for f32).
 *
 * @example uniformSchemes({ layers: [{ op: 'dense', name: 'd', inputs: ['input'], outChannels: 1, activation: 'none', bias: true }] }, 'w4a4').get('d') // => 'w8a8'
 */
export function uniformSchemes(
  folded: Pick<Network, 'layers'>,
  scheme: Scheme,
  firstAndLast?: Scheme,
): Map<string, Scheme> {
  const names = weightedLayers(folded);
  const ends = firstAndLast ?? (scheme === 'f32' ? 'f32' : 'w8a8');
  return new Map(names.map((name, i) => [name, i === 0 || i === names.length - 1 ? ends : scheme]));
}

function completeSchemes(
  layers: readonly Layer[],
  consumers: Map<string, string[]>,
  schemes: ReadonlyMap<string, Scheme>,
): Map<string, Scheme> {
  const complete = new Map<string, Scheme>();
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i];
    if (hasWeights(layer)) {
      const scheme = schemes.get(layer.name);
      if (!scheme) {
        const remedy = 'Name a scheme for every convolution and dense layer.';
        throw new BitbudgetError('input', `Layer "${layer.name}" has no scheme.`, remedy);
      }
      complete.set(layer.name, scheme);
    } else {
      const readers = consumers.get(layer.name) ?? [];
      const allReal = readers.every((reader) => complete.get(reader) === 'f32');
      complete.set(layer.name, layer.op === 'softmax' || allReal ? 'f32' : 'u8');
    }
  }
  for (const layer of layers) {
    if (!layer.stored || layer.op === 'softmax' || complete.get(layer.name) !== 'f32' || hasWeights(layer)) continue;
    if (layer.inputs.some((input) => (complete.get(input) ?? 'f32') !== 'f32')) complete.set(layer.name, 'u8');
  }
  return complete;
}

function hasWeights(layer: Layer): boolean {
  return layer.op === 'conv2d' || layer.op === 'dense';
}

function placeTensor(
  name: string,
  readers: readonly string[],
  byName: ReadonlyMap<string, Layer>,
  schemes: ReadonlyMap<string, Scheme>,
): TensorPlacement {
  if (readers.every((reader) => schemes.get(reader) === 'f32')) {
    const keepsIntegers = byName.get(name)?.stored !== undefined && schemes.get(name) !== 'f32';
    const shared = readers.length > 1;
    return keepsIntegers ? { type: 'u8', bits: 8, shared } : { type: 'f32', bits: 32, shared };
  }
  const reader = byName.get(readers[0])!;
  const isResidual = reader.inputs[0] !== name;
  if (readers.length > 1 || isResidual) return { type: 'u8', bits: 8, shared: true };
  return { type: 'u8', bits: schemeBits(schemes.get(reader.name)!).activationBits, shared: false };
}

const NO_WINDOW = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 } as const;

function workloadOf(
  layer: Layer,
  { shapes, workloads }: GraphFacts,
  tensors: ReadonlyMap<string, TensorPlacement>,
): Workload {
  const source = tensors.get(layer.inputs[0])!;
  const weighted = hasWeights(layer);
  const input: InputFormat = source.type === 'f32' ? 'f32' : weighted && source.shared ? 'shared' : 'u8';
  const output = tensors.get(layer.name)!.type;
  const key = `${layer.name}/${input}:${output}`;
  let workload = workloads.get(key);
  if (!workload) workloads.set(key, (workload = makeWorkload(layer, shapes, input, output)));
  return workload;
}

function makeWorkload(
  layer: Layer,
  shapes: ReadonlyMap<string, Shape>,
  input: InputFormat,
  output: OutputFormat,
): Workload {
  const [height, width, channels] = shapes.get(layer.inputs[0])!;
  const outChannels = shapes.get(layer.name)![2];
  const base = {
    batch: 1 as const,
    inChannels: channels,
    outChannels,
    height,
    width,
    activation: 'activation' in layer ? layer.activation : ('none' as const),
    residual: layer.op === 'conv2d' && layer.inputs.length > 1,
    input,
    output,
  };
  switch (layer.op) {
    case 'conv2d': {
      const { kernel, stride, padding, dilation, groups } = layer;
      return { ...base, op: 'conv2d', kernel, stride, padding, dilation, groups };
    }
    case 'dense':
      return { ...base, ...NO_WINDOW, op: 'dense', height: 1, width: 1, inChannels: height * width * channels };
    case 'averagePool':
    case 'maxPool':
      return {
        ...base,
        ...NO_WINDOW,
        op: layer.op,
        kernel: layer.kernel,
        stride: layer.stride,
        padding: layer.padding,
      };
    case 'reshape':
      return { ...base, ...NO_WINDOW, op: 'subsample', outChannels: channels };
    case 'subsample': {
      const padding = [0, layer.channelsAfter, 0, layer.channelsBefore] as const;
      return { ...base, ...NO_WINDOW, op: 'subsample', stride: layer.stride, padding };
    }
    default:
      assert(layer.op !== 'batchNorm' && layer.op !== 'flatten', `${layer.op} was not folded`);
      return { ...base, ...NO_WINDOW, op: layer.op satisfies WorkloadOp };
  }
}

/** Σ MACs·weight bits·activation bits of planned layers. */
export function bitOperations(plan: Pick<TensorPlan, 'workloads' | 'schemes'>): number {
  let sum = 0;
  for (const [name, workload] of plan.workloads) {
    const { weightBits, activationBits } = schemeBits(plan.schemes.get(name)!);
    sum += workloadMacs(workload) * weightBits * activationBits;
  }
  return sum;
}
