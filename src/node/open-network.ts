import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BitbudgetError } from '../core/errors.ts';
import { sha256Hex } from '../core/sha256.ts';
import { PIXEL_RANGES, withPixels } from '../network/import/pixels.ts';
import { seededWeights } from '../network/seeded-weights.ts';
import type { Network, Preprocessing } from '../network/types.ts';
import { attachWeights, decodeWeights } from '../network/weights-file.ts';
import { zooNetwork } from '../network/zoo/index.ts';
import { isModelFile, readModelFile } from './model-files.ts';

export interface OpenNetworkOptions {
  /** What raw pixels become in a model file's network: see `withPixels`. */
  pixels?: string;
  /** How raw pixels become the network's input, where that is not as the network itself says; it wins over `pixels`. */
  preprocessing?: Preprocessing;
  /** A weights file made by `bitbudget train`; the zoo's own weights unless given. */
  weightsFile?: string;
  /** For networks without trained weights. */
  seed?: number;
}

export interface OpenedNetwork {
  network: Network;
  /** Where it is not the network's own. */
  preprocessing?: Preprocessing;
  /** Whether the weights were learned; seeded ones serve for latency only. */
  trained: boolean;
  /** A remark that users should see, such as what was assumed of a model file's input. */
  remark?: string;
  /** Of the names and bytes of all weights. */
  weightsSha256: string;
}

/**
 * A network with weights: a model file's own; for a zoo network trained ones where the zoo has them or a file is given,
 * otherwise seeded ones.
 *
 * @param name a zoo name, or the path of a `.tflite`, `.onnx` or tfjs `model.json` file.
 * @throws {BitbudgetError} `usage` for an unknown name; `damaged-file` for a damaged model or weights, `mismatch` for
 * weights of another network, `unsupported` for a layer of a model that cannot be taken over.
 */
export async function openNetwork(name: string, options: OpenNetworkOptions = {}): Promise<OpenedNetwork> {
  if (isModelFile(name)) return openModel(name, options);
  if (options.pixels !== undefined) {
    const problem = `--pixels ${options.pixels} is for model files, and ${name} is a network of the zoo.`;
    throw new BitbudgetError('usage', problem, 'Leave it out: the zoo knows what its networks read.');
  }
  const { preprocessing } = options;
  const graph = withPreprocessing(zooNetwork(name), preprocessing);
  const chosen = preprocessing && { preprocessing };
  const file = options.weightsFile ?? zooWeightsFile(name);
  if (!options.weightsFile && !existsSync(file)) {
    const network = seededWeights(graph, options.seed ?? 1);
    return { network, ...chosen, trained: false, weightsSha256: weightsSha256(network) };
  }
  const { weights } = decodeWeights(await readWeights(file), file);
  const network = attachWeights(graph, weights, file);
  return { network, ...chosen, trained: true, weightsSha256: weightsSha256(network) };
}

/**
 * The same network with raw pixels brought to its input in another way.
 *
 * @throws {BitbudgetError} `usage` for another number of channels.
 */
export function withPreprocessing(network: Network, preprocessing: Preprocessing | undefined): Network {
  if (!preprocessing) return network;
  const [, , channels] = network.inputShape;
  if (preprocessing.mean.length === channels && preprocessing.std.length === channels) {
    return { ...network, preprocessing };
  }
  const problem = `${preprocessing.mean.length} means were given, and "${network.name}" reads ${channels} channels.`;
  throw new BitbudgetError('usage', problem, 'Give --mean and --std one number a channel.');
}

/**
 * The layers of a network: a zoo network without weights, or a model file's with them.
 *
 * @throws {BitbudgetError} as {@link openNetwork}.
 */
export async function openGraph(name: string): Promise<Network> {
  return isModelFile(name) ? readModelFile(name) : zooNetwork(name);
}

/**
 * A network with the weights that were learned, a model file's or those of the zoo; a zoo network that nobody has trained
 * comes without.
 *
 * @throws {BitbudgetError} as {@link openNetwork}.
 */
export async function openLearned(name: string, weightsFile?: string): Promise<Network> {
  const untrained = !isModelFile(name) && weightsFile === undefined && !existsSync(zooWeightsFile(name));
  return untrained ? zooNetwork(name) : loadNetwork(name, { weightsFile });
}

async function openModel(path: string, options: OpenNetworkOptions): Promise<OpenedNetwork> {
  if (options.weightsFile !== undefined) {
    const problem = `--weights is for networks of the zoo, and ${path} brings its own.`;
    throw new BitbudgetError('usage', problem, 'Leave --weights out.');
  }
  const model = await readModelFile(path);
  const { pixels, preprocessing } = options;
  const network = preprocessing || !pixels ? withPreprocessing(model, preprocessing) : withPixels(model, pixels);
  const says = preprocessing !== undefined || pixels !== undefined || model.quantization?.input !== undefined;
  const remark = `${path} does not say what its input means: pixels are read as 0 to 1; --pixels (${PIXEL_RANGES.join(', ')}) says otherwise.`;
  // a candidate records it whatever it is: the file does not
  const own = { preprocessing: network.preprocessing };
  return { network, ...own, trained: true, weightsSha256: weightsSha256(network), ...(!says && { remark }) };
}

/** A network of the zoo by name, or a model file by path, with its weights. */
export async function loadNetwork(name: string, options: OpenNetworkOptions = {}): Promise<Network> {
  return (await openNetwork(name, options)).network;
}

async function readWeights(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new BitbudgetError(
      'input',
      `The weights file ${file} cannot be read (${code}).`,
      'Check the path, or make one with `bitbudget train`.',
    );
  }
}

/** src/node and dist/node both have the zoo beside them. */
function zooWeightsFile(name: string): string {
  return fileURLToPath(new URL(`../network/zoo/weights/${name}.weights`, import.meta.url));
}

/** Fingerprint of a network's weights: names and values in the order of their names. */
function weightsSha256({ weights }: Network): string {
  const names = [...weights.keys()].sort();
  const hashes = names.map((name) => {
    const { buffer, byteOffset, byteLength } = weights.get(name)!;
    return `${name}:${sha256Hex(new Uint8Array(buffer, byteOffset, byteLength))}`;
  });
  return sha256Hex(hashes.join('\n'));
}
