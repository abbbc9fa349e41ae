import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BitbudgetError } from '../core/errors.ts';
import { LIMITS } from '../network/import/limits.ts';
import { importOnnx } from '../network/import/onnx/index.ts';
import { importTfjs, tfjsShards } from '../network/import/tfjs/index.ts';
import { importTflite } from '../network/import/tflite/index.ts';
import type { Network } from '../network/types.ts';

/** Whether a name is that of a model file rather than of a zoo network. */
export function isModelFile(name: string): boolean {
  return /\.(tflite|onnx|json)$/i.test(name);
}

/**
 * A network's name as part of a folder's: of a model file the last part of its path, without the ending.
 *
 * @example runName('models/resnet.tflite') // => 'resnet'
 */
export function runName(network: string): string {
  if (!isModelFile(network)) return network;
  const last = network.split(/[\\/]/).pop()!;
  return last.slice(0, last.lastIndexOf('.'));
}

/**
 * Reads a model file by its ending: `.tflite`, `.onnx`, or the `model.json` of a tfjs LayersModel with its shards beside it.
 *
 * @throws {BitbudgetError} `input` for a file that cannot be read, `damaged-file`, `unsupported`.
 */
export async function readModelFile(path: string): Promise<Network> {
  const bytes = await readModelBytes(path);
  if (/\.tflite$/i.test(path)) return importTflite(bytes, path);
  if (/\.onnx$/i.test(path)) return importOnnx(bytes, path);
  const json = new TextDecoder().decode(bytes);
  const shards = new Map<string, Uint8Array>();
  let total = bytes.length;
  for (const name of tfjsShards(json, path)) {
    const shard = await readModelBytes(join(dirname(path), name));
    total += shard.length;
    if (total > LIMITS.modelBytes) {
      throw new BitbudgetError(
        'input',
        `${path} and its shards have more than 1 GiB.`,
        'Models of up to 1 GiB are read.',
      );
    }
    shards.set(name, shard);
  }
  return importTfjs(json, shards, path);
}

async function readModelBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > LIMITS.modelBytes) {
      throw new BitbudgetError('input', `${path} has ${size} bytes.`, 'Models of up to 1 GiB are read.');
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof BitbudgetError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const problem =
      code === 'ENOENT' ? `There is no model file ${path}.` : `The model file ${path} cannot be read (${code}).`;
    throw new BitbudgetError('input', problem, 'Check the path of --network.');
  }
}
