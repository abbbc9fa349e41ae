import { INPUT, type Network, type Shape } from '../../types.ts';
import { damagedModel, parseHostile, printable, unsupportedLayer } from '../failures.ts';
import type { Tensor } from '../imported-graph.ts';
import { pixelsOf } from '../pixels.ts';
import { nameOf, TfjsContext } from './context.ts';
import { TFJS_LAYERS } from './layers.ts';
import { readTfjsModel, readTfjsWeights, type TfjsLayer, type TfjsModel } from './model.ts';

/**
 * The names of a LayersModel's shards, relative to its `model.json`.
 *
 * @throws {BitbudgetError} `damaged-file` for what is no LayersModel, or names that lead out of its folder.
 */
export function tfjsShards(json: string, name: string): string[] {
  const paths = parseHostile(name, () => readTfjsModel(json, name).manifest.flatMap((group) => group.paths));
  for (const path of paths) {
    const plain = /^[\w][\w.-]*(\/[\w][\w.-]*)*$/.test(path);
    if (!plain) throw damagedModel(name, `names a shard outside its folder, "${printable(path)}"`);
  }
  return paths;
}

/**
 * Reads a tfjs LayersModel, sequential or functional, as the Keras layers that it was saved from.
 *
 * @param json the content of `model.json`; nothing of it is trusted.
 * @param shards the files that {@link tfjsShards} names, by name.
 * @param name of the network, and of the file in errors.
 * @throws {BitbudgetError} `damaged-file`; `unsupported` naming the layer that cannot be taken over and what to do.
 * @see https://www.tensorflow.org/js/guide/save_load
 */
export function importTfjs(json: string, shards: ReadonlyMap<string, Uint8Array>, name: string): Network {
  return parseHostile(name, () => {
    const fileBytes = [...shards.values()].reduce((sum, { length }) => sum + length, json.length);
    const model = readTfjsModel(json, name);
    if (model.outputs.length > 1) {
      const place = { source: name, op: 'model', layer: model.outputs.join(', ') };
      throw unsupportedLayer(place, `is one of ${model.outputs.length} outputs`, 'Save a network with one output.');
    }
    const weights = readTfjsWeights(model.manifest, shards, name);
    const context = new TfjsContext(name, inputShapeOf(model, name), weights, fileBytes);
    let last: Tensor = { name: INPUT };
    for (const layer of model.layers) {
      last = importLayer(
        context,
        layer,
        model.sequential ? [last] : inboundNames(layer, name).map((from) => context.tensor(from)),
      );
      context.produce(layer, last);
    }
    const output = model.outputs.length > 0 ? context.tensor(model.outputs[0]) : last;
    return context.graph.finish(name, output, pixelsOf(context.graph.inputShape[2], undefined));
  });
}

function importLayer(context: TfjsContext, layer: TfjsLayer, inputs: readonly Tensor[]): Tensor {
  if (layer.class_name === 'InputLayer') return { name: INPUT };
  const run = Object.hasOwn(TFJS_LAYERS, layer.class_name) ? TFJS_LAYERS[layer.class_name] : undefined;
  if (!run) {
    const remedy = `Replace the layer before saving; these are read: ${Object.keys(TFJS_LAYERS).join(', ')}.`;
    throw unsupportedLayer(context.place(layer), 'is of a kind that is not supported', remedy);
  }
  if (inputs.length === 0)
    throw damagedModel(context.source, `holds layer "${printable(nameOf(layer))}" without an input`);
  return run(context, layer, inputs);
}

/** The one input's sizes without the batch. */
function inputShapeOf({ layers }: TfjsModel, source: string): Shape {
  const stated = layers.filter(({ class_name }, i) => class_name === 'InputLayer' || i === 0);
  const shapes = stated.flatMap(({ config }) => [config.batch_input_shape ?? config.batch_shape]).filter(Array.isArray);
  const inputs = layers.filter(({ class_name }) => class_name === 'InputLayer').length;
  const sizes = (shapes[0] ?? []).slice(1).map(Number);
  const sound =
    sizes.length >= 1 && sizes.length <= 3 && sizes.every((size: number) => Number.isInteger(size) && size > 0);
  if (inputs > 1 || !sound) {
    const place = { source, op: 'InputLayer', layer: stated[0] ? nameOf(stated[0]) : 'model' };
    const problem = inputs > 1 ? `is one of ${inputs} inputs` : `has the sizes ${sizes.join('×') || 'unknown'}`;
    throw unsupportedLayer(place, problem, 'Save a network with one input of fixed sizes.');
  }
  return [1, 1, 1, ...sizes].slice(-3) as unknown as Shape;
}

/** The layers that a layer of a functional model reads, in its first and only use. */
function inboundNames(layer: TfjsLayer, source: string): string[] {
  const nodes = layer.inbound_nodes ?? [];
  if (nodes.length > 1) {
    const place = { source, op: layer.class_name, layer: nameOf(layer) };
    throw unsupportedLayer(place, `is used ${nodes.length} times`, 'Give every use a layer of its own.');
  }
  const names: string[] = [];
  const visit = (part: unknown, depth: number): void => {
    if (depth > 8 || part === null || typeof part !== 'object') return;
    if (Array.isArray(part)) {
      // [layer, use, output, arguments]; or keras_history, which begins alike
      if (typeof part[0] === 'string' && typeof part[1] === 'number') names.push(part[0]);
      else for (const inner of part) visit(inner, depth + 1);
      return;
    }
    for (const inner of Object.values(part)) visit(inner, depth + 1);
  };
  visit(nodes, 0);
  return names;
}
