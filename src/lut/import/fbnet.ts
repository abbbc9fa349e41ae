import type { Workload } from '../../network/workload.ts';
import { splitBlocks, type TimedBlock } from './blocks.ts';
import {
  type ImportedTable,
  type ImportSource,
  importedDevice,
  importedTable,
  importedWorkload,
  importText,
  unreadable,
} from './imported-table.ts';

export const FBNET_MEANING = {
  format: 'fbnet',
  unit: 'µs of one 32×32 image, measured on a Raspberry Pi 4 (float, TensorFlow 2 without graph)',
  meaning:
    'mean of ten calls of one inverted residual block with its batch norms, call overhead included; shared out among its layers',
};

/** Filters, repeats and stride of the first block of each searched stage, for CIFAR-10: the stem keeps 32×32. */
const STAGES = [
  [16, 1, 1],
  [24, 4, 2],
  [32, 4, 2],
  [64, 4, 1],
  [112, 4, 1],
  [184, 4, 1],
  [352, 1, 1],
] as const;
const STEM_CHANNELS = 16;
const SIZE = 32;
/** Kernel, expansion and groups of the 1×1 convolutions of the eight block types; a ninth figure is the identity. */
const BLOCK_TYPES = [
  [3, 1, 1],
  [3, 1, 2],
  [3, 3, 1],
  [3, 6, 1],
  [5, 1, 1],
  [5, 1, 2],
  [5, 3, 1],
  [5, 6, 1],
] as const;

/**
 * The FBNet table of a Raspberry Pi 4 (after Wu et al., CVPR 2019): a JSON list with a list of eight or nine block times
 * in µs for each of the 22 searched layers, and null for the others. A block is an expanding 1×1 convolution, a depthwise
 * one and a narrowing 1×1 one. The ninth, the identity, is pure call overhead and belongs to no layer.
 *
 * @throws {BitbudgetError} `damaged-file` for what is no such list.
 */
export function importFbnet(source: ImportSource): ImportedTable {
  let raw: unknown;
  try {
    raw = JSON.parse(importText(source, 'FBNet'));
  } catch (error) {
    if (error instanceof SyntaxError) throw unreadable(source, 'FBNet', 'it is no JSON.');
    throw error;
  }
  const places = searchedLayers();
  const rows = Array.isArray(raw) ? raw.filter((row) => row !== null) : [];
  if (rows.length !== places.length) {
    throw unreadable(source, 'FBNet', `it holds ${rows.length} searched layers, not ${places.length}.`);
  }
  const blocks: TimedBlock[] = [];
  const skips: number[] = [];
  for (const [i, place] of places.entries()) {
    const row: unknown = rows[i];
    const identity = place.stride === 1 && place.inChannels === place.outChannels;
    const expected = BLOCK_TYPES.length + (identity ? 1 : 0);
    if (!Array.isArray(row) || row.length !== expected || !row.every((us) => Number.isFinite(us) && us > 0)) {
      throw unreadable(source, 'FBNet', `searched layer ${i} is no list of ${expected} positive times.`);
    }
    for (const [type, [kernel, expansion, groups]] of BLOCK_TYPES.entries()) {
      blocks.push({ timeUs: row[type], layers: blockLayers(place, kernel, expansion, groups) });
    }
    if (identity) skips.push(row[BLOCK_TYPES.length]);
  }
  const { figures, medianRelativeError, p95RelativeError } = splitBlocks(blocks, 'f32');
  skips.sort((a, b) => a - b);
  const identityUs = skips[skips.length >> 1];
  const device = importedDevice('raspberry-pi-4-fbnet', 'arm64', 'Raspberry Pi 4 Model B', 'Raspberry Pi');
  const facts = {
    blocks: blocks.length,
    identityUs,
    splitMedianError: medianRelativeError,
    splitP95Error: p95RelativeError,
  };
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  const notes = [
    `Times of ${blocks.length} blocks were shared out among ${figures.length} layers; their sums miss the blocks by ${percent(medianRelativeError)} (median) and ${percent(p95RelativeError)} (p95).`,
    `An empty block took ${identityUs.toFixed(0)} µs: much of every figure is the overhead of calling.`,
  ];
  return { content: importedTable(source, FBNET_MEANING, device, 'tensorflow-eager', figures, facts), notes };
}

interface Place {
  size: number;
  inChannels: number;
  outChannels: number;
  stride: number;
}

function searchedLayers(): Place[] {
  const places: Place[] = [];
  let size = SIZE;
  let inChannels = STEM_CHANNELS;
  for (const [outChannels, repeats, first] of STAGES) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const stride = repeat === 0 ? first : 1;
      places.push({ size, inChannels, outChannels, stride });
      size = Math.ceil(size / stride);
      inChannels = outChannels;
    }
  }
  return places;
}

function blockLayers(place: Place, kernel: number, expansion: number, groups: number): Workload[] {
  const middle = place.inChannels * expansion;
  const at = (size: number) => ({ op: 'conv2d' as const, height: size, width: size });
  const { size, stride, inChannels, outChannels } = place;
  return [
    importedWorkload({ ...at(size), inChannels, outChannels: middle, groups }, 'f32'),
    importedWorkload({ ...at(size), inChannels: middle, outChannels: middle, kernel, stride, groups: middle }, 'f32'),
    importedWorkload({ ...at(Math.ceil(size / stride)), inChannels: middle, outChannels, groups }, 'f32'),
  ];
}
