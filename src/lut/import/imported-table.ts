import { BitbudgetError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/sha256.ts';
import type { Padding, Pair } from '../../network/types.ts';
import type { Workload } from '../../network/workload.ts';
import { type Scheme, schemeBits } from '../../quant/scheme.ts';
import { createEntry } from '../entry-key.ts';
import { IMPORTED_PROTOCOL } from '../lut-index.ts';
import { LUT_SCHEMA_VERSION, type LutContent, type LutDevice, type LutEntry, type LutLatency } from '../schema.ts';

/** A file of another tool. */
export interface ImportSource {
  /** For messages and the table's provenance. */
  name: string;
  bytes: Uint8Array;
}

/** What a format's figures are, in words; it goes into the table. */
export interface ImportMeaning {
  format: string;
  unit: string;
  meaning: string;
}

/** A table made of another tool's, and what its reader should know. */
export interface ImportedTable {
  content: LutContent;
  notes: string[];
}

/** One figure of another tool. */
export interface ImportedFigure {
  workload: Workload;
  scheme: Scheme;
  latencyUs: LutLatency;
  /** µJ, as the tool modelled it. */
  energyUj?: number;
}

/** Tables of others are a few hundred KiB. */
export const MAXIMUM_IMPORT_BYTES = 32 * 1024 * 1024;
export const MAXIMUM_FIGURES = 200_000;

/** The error for a file that is not of the format that it is said to be of. */
export function unreadable({ name }: ImportSource, format: string, what: string): BitbudgetError {
  const remedy = 'Check that the file is of this format; `bitbudget lut import --help` describes each.';
  return new BitbudgetError('damaged-file', `${name} is no ${format} table: ${what}`, remedy);
}

/** The text of a file, refusing what is too large or no UTF-8. */
export function importText(source: ImportSource, format: string): string {
  assertSize(source, format);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(source.bytes);
  } catch {
    throw unreadable(source, format, 'it holds bytes that are no text.');
  }
}

/** Refuses files far larger than any such table. */
export function assertSize(source: ImportSource, format: string): void {
  if (source.bytes.length <= MAXIMUM_IMPORT_BYTES) return;
  throw unreadable(source, format, `it has ${source.bytes.length} bytes, more than ${MAXIMUM_IMPORT_BYTES}.`);
}

export interface LayerShape {
  op: 'conv2d' | 'dense' | 'globalAveragePool';
  height: number;
  width: number;
  inChannels: number;
  outChannels: number;
  kernel?: number;
  stride?: number;
  /** On each side; that of the TensorFlow padding `same` where absent. */
  padding?: number;
  groups?: number;
}

/**
 * The workload that an imported figure is stored under: formats, activation and residual, which the sources do not tell,
 * are the plainest; {@link LutIndex} lets it answer for the others too.
 */
export function importedWorkload(shape: LayerShape, scheme: Scheme): Workload {
  const { op, height, width, inChannels, outChannels, kernel = 1, stride = 1, padding, groups = 1 } = shape;
  const side: Padding =
    padding === undefined ? samePadding(height, width, kernel, stride) : [padding, padding, padding, padding];
  const format = scheme === 'f32' ? 'f32' : 'u8';
  const pair = (value: number): Pair => [value, value];
  return {
    ...{ op, batch: 1, height, width, inChannels, outChannels },
    ...{ kernel: pair(kernel), stride: pair(stride), padding: side, dilation: [1, 1], groups },
    ...{ activation: 'none', residual: false, input: format, output: format },
  };
}

function samePadding(height: number, width: number, kernel: number, stride: number): Padding {
  const along = (size: number) => Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  const [v, h] = [along(height), along(width)];
  return [v >> 1, h - (h >> 1), v - (v >> 1), h >> 1];
}

/** A figure without any interval: what a simulator computes, or what a file gives no spread of. */
export function exactLatency(us: number): LutLatency {
  return { median: us, low: us, high: us, p95: us, count: 1 };
}

/**
 * Makes the table: every entry is marked `imported`, its kernel is named after the format and hashed by the source file,
 * and the protocol says unit and meaning, so that it is never taken for one that was measured here.
 */
export function importedTable(
  source: ImportSource,
  { format, unit, meaning }: ImportMeaning,
  device: LutDevice,
  engine: string,
  figures: readonly ImportedFigure[],
  facts: Record<string, string | number> = {},
): LutContent {
  const sourceSha256 = sha256Hex(source.bytes);
  const entries = figures.map(
    ({ workload, scheme, latencyUs, energyUj }): LutEntry =>
      createEntry({
        workload,
        scheme,
        variant: `imported_${format}`,
        variantSha256: sourceSha256,
        latencyUs,
        scratchBytes: 0,
        packedBytes: packedBytes(workload, scheme),
        ...(energyUj !== undefined && { energyUj: { value: energyUj, source: 'model' as const } }),
        trust: 'imported',
      }),
  );
  return {
    schemaVersion: LUT_SCHEMA_VERSION,
    device,
    engine: { name: engine, version: 'unknown', features: [] },
    threads: 1,
    clock: { stepNs: 1, crossOriginIsolated: null },
    conditions: { governor: null, tempC: null, throttled: null, load: null },
    protocol: { name: IMPORTED_PROTOCOL, format, unit, meaning, source: baseName(source.name), sourceSha256, ...facts },
    scalar: 1,
    energySource: 'model',
    validation: null,
    disabled: [],
    entries,
  };
}

function packedBytes({ op, inChannels, outChannels, kernel, groups }: Workload, scheme: Scheme): number {
  if (op !== 'conv2d' && op !== 'dense') return 0;
  const weights = outChannels * (inChannels / groups) * kernel[0] * kernel[1];
  return Math.ceil((weights * schemeBits(scheme).weightBits) / 8);
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1) || path;
}

/** A device of which only a name is known. */
export function importedDevice(id: string, arch: string, model: string, vendor = ''): LutDevice {
  return { id, vendor, model, cpu: model, cores: 1, os: 'unknown', arch };
}
