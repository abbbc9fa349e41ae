import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BitbudgetError } from '../core/errors.ts';
import { sha256Hex } from '../core/sha256.ts';
import { seededWeights } from '../network/seeded-weights.ts';
import type { Network, Preprocessing } from '../network/types.ts';
import { attachWeights, decodeWeights } from '../network/weights-file.ts';
import { zooNetwork } from '../network/zoo/index.ts';

export interface OpenNetworkOptions {
  /** How raw pixels become the network's input, where that is not as the network itself says. */
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
  /** Of the names and bytes of all weights. */
  weightsSha256: string;
}

/**
 * A network with weights: trained ones where the zoo has them or a file is given, otherwise seeded ones.
 *
 * @throws {BitbudgetError} `usage` for an unknown name; `damaged-file` for damaged weights, `mismatch` for
 * those of another network.
 */
export async function openNetwork(name: string, options: OpenNetworkOptions = {}): Promise<OpenedNetwork> {
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

/** A network of the zoo by name, with its weights. */
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
