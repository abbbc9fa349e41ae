import { parse } from 'yaml';
import type { Workload } from '../../network/workload.ts';
import { splitBlocks, type TimedBlock } from './blocks.ts';
import {
  type ImportedTable,
  type ImportSource,
  importedDevice,
  importedTable,
  importedWorkload,
  importText,
  MAXIMUM_FIGURES,
  unreadable,
} from './imported-table.ts';

export const OFA_MEANING = {
  format: 'ofa',
  unit: 'ms of one image, measured on a phone (float)',
  meaning: 'mean of one layer, or of one inverted residual block, which is shared out among its layers',
};

const SHAPE = '(\\d+)x(\\d+)x(\\d+)';
const KEY = new RegExp(`^([A-Za-z0-9_]+)-input:${SHAPE}-output:(?:${SHAPE}|(\\d+))((?:-[a-z]+:\\d+)*)$`);
/** Beyond this a size is a mistake, not a layer. */
const LARGEST_SIZE = 65536;

/**
 * The latency tables of ProxylessNAS and Once-for-All (Cai et al., ICLR 2019 and 2020): YAML with keys such as
 * `expanded_conv-input:56x56x24-output:28x28x40-expand:3-kernel:5-stride:2-idskip:0` and `{ mean, … }` in ms. `Conv` is
 * the 3×3 stem, `Conv_1` and `Conv_2` are 1×1 convolutions, `Logits` is the classifier with the pooling before it where
 * its input has more than one pixel. In the tables for MobileNetV3 `expand` is the number of middle channels; blocks with
 * squeeze-and-excitation are left out, because no layer here is one.
 *
 * @param device the phone's name; the files do not tell it.
 * @throws {BitbudgetError} `damaged-file` for what is no such file, naming the first key that does not fit.
 */
export function importOfa(source: ImportSource, device = 'unknown phone'): ImportedTable {
  let raw: unknown;
  try {
    raw = parse(importText(source, 'OFA'), { maxAliasCount: 0, logLevel: 'error' });
  } catch (error) {
    if (error instanceof Error && /YAML|alias/i.test(`${error.name} ${error.message}`)) {
      throw unreadable(source, 'OFA', 'it is no YAML.');
    }
    throw error;
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw unreadable(source, 'OFA', 'it is no YAML mapping.');
  }
  const rows = Object.entries(raw);
  if (rows.length > MAXIMUM_FIGURES) throw unreadable(source, 'OFA', `it holds ${rows.length} figures.`);
  const blocks: TimedBlock[] = [];
  let squeezed = 0;
  for (const [key, value] of rows) {
    const mean: unknown = (value as { mean?: unknown } | null)?.mean;
    if (typeof mean !== 'number' || !Number.isFinite(mean) || mean <= 0) {
      throw unreadable(source, 'OFA', `"${key.slice(0, 80)}" has no positive mean.`);
    }
    const layers = layersOf(key);
    if (layers === undefined) throw unreadable(source, 'OFA', `"${key.slice(0, 80)}" is no key of it.`);
    if (layers === 'squeezed') squeezed++;
    else blocks.push({ timeUs: mean * 1000, layers });
  }
  if (blocks.length === 0) throw unreadable(source, 'OFA', 'it holds no layer.');
  const { figures, medianRelativeError, p95RelativeError } = splitBlocks(blocks, 'f32');
  const id = `imported-${
    device
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'phone'
  }`;
  const facts = { blocks: blocks.length, splitMedianError: medianRelativeError, splitP95Error: p95RelativeError };
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const notes = [
    `${blocks.length} figures were shared out among ${figures.length} layers; sums miss them by ${percent(medianRelativeError)} (median) and ${percent(p95RelativeError)} (p95).`,
  ];
  if (squeezed > 0) notes.push(`${squeezed} blocks with squeeze-and-excitation were left out.`);
  const content = importedTable(source, OFA_MEANING, importedDevice(id, 'arm64', device), 'tflite', figures, facts);
  return { content, notes };
}

function layersOf(key: string): Workload[] | 'squeezed' | undefined {
  const match = KEY.exec(key);
  if (!match) return undefined;
  const [height, width, inChannels, outHeight, outWidth, outThird, outFlat] = match.slice(2, 9).map(Number);
  const outChannels = match[8] === undefined ? outThird : outFlat;
  const attributes = new Map([...match[9].matchAll(/-([a-z]+):(\d+)/g)].map(([, name, text]) => [name, Number(text)]));
  const sizes = [height, width, inChannels, outChannels, ...attributes.values()];
  if (sizes.some((size) => size > LARGEST_SIZE) || Math.min(height, width, inChannels, outChannels) < 1)
    return undefined;
  const at = (h: number, w: number) => ({ op: 'conv2d' as const, height: h, width: w });
  const whole = match[8] === undefined && outHeight >= 1 && outWidth >= 1;
  switch (match[1]) {
    case 'Conv': {
      if (!whole) return undefined;
      const stride = Math.round(height / outHeight);
      return stride < 1
        ? undefined
        : [importedWorkload({ ...at(height, width), inChannels, outChannels, kernel: 3, stride }, 'f32')];
    }
    case 'Conv_1':
    case 'Conv_2':
      return whole ? [importedWorkload({ ...at(height, width), inChannels, outChannels }, 'f32')] : undefined;
    case 'AvgPool2D':
      return [
        importedWorkload({ ...at(height, width), op: 'globalAveragePool', inChannels, outChannels: inChannels }, 'f32'),
      ];
    case 'Logits': {
      const dense = importedWorkload({ op: 'dense', height: 1, width: 1, inChannels, outChannels }, 'f32');
      if (height * width === 1) return [dense];
      const pool = { ...at(height, width), op: 'globalAveragePool' as const, inChannels, outChannels: inChannels };
      return [importedWorkload(pool, 'f32'), dense];
    }
    case 'expanded_conv': {
      const [expand, kernel, stride] = ['expand', 'kernel', 'stride'].map((name) => attributes.get(name) ?? 0);
      if (!whole || expand < 1 || kernel < 1 || stride < 1) return undefined;
      if (attributes.get('se') === 1) return 'squeezed';
      const middle = attributes.has('se') ? expand : inChannels * expand;
      const expanding = importedWorkload({ ...at(height, width), inChannels, outChannels: middle }, 'f32');
      const depthwise = {
        ...at(height, width),
        inChannels: middle,
        outChannels: middle,
        kernel,
        stride,
        groups: middle,
      };
      const narrowing = { ...at(outHeight, outWidth), inChannels: middle, outChannels };
      const rest = [importedWorkload(depthwise, 'f32'), importedWorkload(narrowing, 'f32')];
      return middle === inChannels ? rest : [expanding, ...rest];
    }
    default:
      return undefined;
  }
}
