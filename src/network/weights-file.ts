import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalJson } from '../core/canonical-json.ts';
import { BitbudgetError } from '../core/errors.ts';
import { halfBits, halfToNumber } from './half.ts';
import { inferShapes } from './shapes.ts';
import type { Network, Weights } from './types.ts';

/** Where weights come from: enough to make them again. */
export interface WeightsProvenance {
  network: string;
  /** The command line that made them. */
  command: string;
  seed: number;
  dataset: string;
  samples: number;
  epochs: number;
  /** Top-1 on `testSamples` images of the dataset's test split, as f32. */
  accuracy: number;
  testSamples: number;
}

interface TensorEntry {
  name: string;
  /** First byte in the body, and number of values. */
  offset: number;
  length: number;
  /** 16-bit floats; 32-bit ones unless it says so. */
  type?: 'f16';
}

interface Header {
  tensors: TensorEntry[];
  provenance: WeightsProvenance;
}

const MAGIC = 'BBWEIGHT';
/** Version 1 has 32-bit floats alone. */
const VERSIONS = [1, 2];
/** Magic, version and header length. */
const PREFIX_BYTES = 16;
const DIGEST_BYTES = 32;

/**
 * The file form of trained weights, little-endian throughout:
 *
 *     "BBWEIGHT"  version u32  header length u32  header JSON  body f32 or f16…  SHA-256 of all before it (32 bytes)
 *
 * The header lists name, byte offset in the body and length of each tensor in order, and the provenance; spaces pad it
 * to a multiple of four bytes. A tensor is stored in half precision where nothing is lost by it, so that rounding it
 * beforehand, as `train` does with kernels, halves the file. Equal weights and provenance give equal bytes.
 *
 * @example encodeWeights(new Map([['a.bias', Float32Array.of(1, 2)]]), { network: 'n', command: 'c', seed: 1, dataset: 'd', samples: 1, epochs: 1, accuracy: 0.5, testSamples: 1 }).length % 4 // => 0
 */
export function encodeWeights(weights: Weights, provenance: WeightsProvenance): Uint8Array {
  const tensors: TensorEntry[] = [];
  const bodies: Uint8Array[] = [];
  let bodyBytes = 0;
  for (const [name, values] of weights) {
    const halves = halfBytes(values);
    const body = halves ?? floatBytes(values);
    tensors.push({ name, offset: bodyBytes, length: values.length, ...(halves && { type: 'f16' }) });
    bodies.push(body);
    bodyBytes += body.length;
  }
  const json = new TextEncoder().encode(canonicalJson({ tensors, provenance }));
  const headerBytes = Math.ceil(json.length / 4) * 4;
  const bytes = new Uint8Array(PREFIX_BYTES + headerBytes + bodyBytes + DIGEST_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, tensors.some(({ type }) => type) ? 2 : 1, true);
  view.setUint32(12, headerBytes, true);
  bytes.fill(0x20, PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  bytes.set(json, PREFIX_BYTES);
  let at = PREFIX_BYTES + headerBytes;
  for (const body of bodies) {
    bytes.set(body, at);
    at += body.length;
  }
  bytes.set(sha256(bytes.subarray(0, at)), at);
  return bytes;
}

/** The values as 16-bit floats, little-endian; undefined if any of them would change. */
function halfBytes(values: Float32Array): Uint8Array | undefined {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  for (const [k, value] of values.entries()) {
    const bits = halfBits(value);
    if (bits === undefined) return undefined;
    view.setUint16(2 * k, bits, true);
  }
  return new Uint8Array(view.buffer);
}

function floatBytes(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [k, value] of values.entries()) view.setFloat32(4 * k, value, true);
  return new Uint8Array(view.buffer);
}

/**
 * Reads what {@link encodeWeights} wrote. The digest is checked before anything in the file is believed.
 *
 * @param sourceName what to call the file in an error.
 * @throws {BitbudgetError} `damaged-file` for every other content: cut short, altered, of another kind or version.
 * @example decodeWeights(encodeWeights(new Map([['a.bias', Float32Array.of(1, 2)]]), { network: 'n', command: 'c', seed: 1, dataset: 'd', samples: 1, epochs: 1, accuracy: 0.5, testSamples: 1 }), 'x').weights.get('a.bias') // => Float32Array.of(1, 2)
 */
export function decodeWeights(
  bytes: Uint8Array,
  sourceName: string,
): { weights: Weights; provenance: WeightsProvenance } {
  const damaged = (problem: string) =>
    new BitbudgetError(
      'damaged-file',
      `Weights file "${sourceName}" ${problem}.`,
      'Restore the file from its source, or make it again with `bitbudget train`.',
    );
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw damaged(`begins with "${printable(magic)}" instead of "${MAGIC}"`);
  if (bytes.length < PREFIX_BYTES + DIGEST_BYTES) throw damaged(`is cut short: it has only ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (!VERSIONS.includes(version))
    throw damaged(`is of version ${version}, and only ${VERSIONS.join(' and ')} are known`);
  const end = bytes.length - DIGEST_BYTES;
  const digest = sha256(bytes.subarray(0, end));
  if (digest.some((byte, k) => byte !== bytes[end + k])) {
    throw damaged(`has ${bytes.length} bytes that do not match its own SHA-256`);
  }
  const body = PREFIX_BYTES + view.getUint32(12, true);
  if (body > end) throw damaged(`has a header of ${body - PREFIX_BYTES} bytes, more than the whole file`);
  const header = parseHeader(bytes.subarray(PREFIX_BYTES, body), damaged);
  const weights: Weights = new Map();
  let expected = 0;
  for (const { name, offset, length, type } of header.tensors) {
    if (type !== undefined && (type !== 'f16' || version === 1)) throw damaged(`has tensor "${name}" of type ${type}`);
    const bytesEach = type === 'f16' ? 2 : 4;
    const whole = Number.isInteger(length) && length >= 0;
    const fits = offset === expected && whole && body + offset + bytesEach * length <= end;
    if (!fits) throw damaged(`places tensor "${name}" at byte ${offset} with length ${length}, outside its body`);
    if (weights.has(name)) throw damaged(`holds tensor "${name}" twice`);
    const values = new Float32Array(length);
    for (let k = 0, at = body + offset; k < length; k++, at += bytesEach) {
      values[k] = type === 'f16' ? halfToNumber(view.getUint16(at, true)) : view.getFloat32(at, true);
    }
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw damaged(`holds ${bad} in tensor "${name}"`);
    weights.set(name, values);
    expected += bytesEach * length;
  }
  if (body + expected !== end) throw damaged(`has ${end - body - expected} bytes that belong to no tensor`);
  return { weights, provenance: header.provenance };
}

function parseHeader(json: Uint8Array, damaged: (problem: string) => BitbudgetError): Header {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    throw damaged('has a header that is no JSON');
  }
  const { tensors, provenance } = (header ?? {}) as Partial<Header>;
  const listed =
    Array.isArray(tensors) && tensors.every((tensor) => tensor !== null && typeof tensor?.name === 'string');
  if (!listed) throw damaged('has a header without a list of named tensors');
  if (provenance === null || typeof provenance !== 'object') throw damaged('has a header without provenance');
  return { tensors, provenance };
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '.');
}

/**
 * Names and lengths of the tensors that a network needs, in the order of its layers.
 *
 * @example weightLengths({ inputShape: [1, 1, 4], layers: [{ op: 'dense', name: 'd', inputs: ['input'], outChannels: 2, activation: 'none', bias: true }] }).get('d.kernel') // => 8
 */
export function weightLengths(network: Pick<Network, 'inputShape' | 'layers'>): Map<string, number> {
  const shapes = inferShapes(network);
  const lengths = new Map<string, number>();
  for (const layer of network.layers) {
    const [height, width, channels] = shapes.get(layer.inputs[0])!;
    if (layer.op === 'conv2d') {
      const perChannel = layer.kernel[0] * layer.kernel[1] * (channels / layer.groups);
      lengths.set(`${layer.name}.kernel`, perChannel * layer.outChannels);
    }
    if (layer.op === 'dense') lengths.set(`${layer.name}.kernel`, height * width * channels * layer.outChannels);
    if ((layer.op === 'conv2d' || layer.op === 'dense') && layer.bias)
      lengths.set(`${layer.name}.bias`, layer.outChannels);
    if (layer.op === 'batchNorm') {
      for (const part of ['gamma', 'beta', 'mean', 'variance']) lengths.set(`${layer.name}.${part}`, channels);
    }
  }
  return lengths;
}

/**
 * The network with these weights, once each of its tensors is found there in the right size and no other.
 *
 * @throws {BitbudgetError} `mismatch` for a tensor that is missing, superfluous, or of another length.
 */
export function attachWeights(network: Network, weights: Weights, sourceName: string): Network {
  const lengths = weightLengths(network);
  const mismatch = (problem: string) =>
    new BitbudgetError(
      'mismatch',
      `The weights in "${sourceName}" do not fit network "${network.name}": ${problem}.`,
      'Use weights that were trained for this network.',
    );
  for (const [name, length] of lengths) {
    const found = weights.get(name)?.length;
    if (found === undefined) throw mismatch(`tensor "${name}" is missing`);
    if (found !== length) throw mismatch(`tensor "${name}" has ${found} values instead of ${length}`);
  }
  for (const name of weights.keys()) {
    if (!lengths.has(name)) throw mismatch(`tensor "${name}" belongs to no layer`);
  }
  return { ...network, weights };
}
