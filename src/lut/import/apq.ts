import type { Scheme } from '../../quant/scheme.ts';
import {
  exactLatency,
  type ImportedFigure,
  type ImportedTable,
  type ImportSource,
  importedDevice,
  importedTable,
  importedWorkload,
  importText,
  MAXIMUM_FIGURES,
  unreadable,
} from './imported-table.ts';

export const APQ_MEANING = {
  format: 'apq',
  unit: 'ms and mJ of one image, simulated',
  meaning: 'latency and energy of one convolution on the BitFusion accelerator at (weight bits, activation bits)',
};
const KEY = /^\((\d+), (\d+), (\d+), (\d+), (\d+), (\d+), (\d+)\)-W([1-8])A([1-8])$/;

/**
 * APQ's tables (Wang et al., CVPR 2020): JSON with the keys `(inChannels, outChannels, size, kernel, stride, padding,
 * groups)-WxAy` and values `{ latency, energy }` in ms and mJ, from a simulator of BitFusion (Sharma et al., ISCA 2018).
 * `head` and `tail`, which stand for all that APQ does not search, belong to no layer and are kept as facts of the table.
 *
 * @throws {BitbudgetError} `damaged-file` for what is no such file, naming the first key or figure that does not fit.
 */
export function importApq(source: ImportSource): ImportedTable {
  const text = importText(source, 'APQ');
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw unreadable(source, 'APQ', 'it is no JSON.');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw unreadable(source, 'APQ', 'it is no JSON object.');
  }
  const rows = Object.entries(raw);
  if (rows.length > MAXIMUM_FIGURES) throw unreadable(source, 'APQ', `it holds ${rows.length} figures.`);
  const facts: Record<string, number> = {};
  const figures: ImportedFigure[] = [];
  for (const [key, value] of rows) {
    const { latency, energy } = (value ?? {}) as { latency?: unknown; energy?: unknown };
    if (!positive(latency) || !positive(energy)) {
      throw unreadable(source, 'APQ', `"${key.slice(0, 60)}" has no positive latency and energy.`);
    }
    if (key === 'head' || key === 'tail') {
      facts[`${key}Us`] = latency * 1000;
      facts[`${key}Uj`] = energy * 1000;
      continue;
    }
    const match = KEY.exec(key);
    if (!match) throw unreadable(source, 'APQ', `"${key.slice(0, 60)}" is no key of it.`);
    const [inChannels, outChannels, size, kernel, stride, padding, groups, w, a] = match.slice(1).map(Number);
    const sound = inChannels * outChannels * size * kernel * stride * groups > 0 && size + 2 * padding >= kernel;
    if (!sound || inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw unreadable(source, 'APQ', `"${key}" describes no convolution.`);
    }
    const shape = { op: 'conv2d' as const, height: size, width: size, inChannels, outChannels };
    const scheme: Scheme = `w${w}a${a}`;
    const workload = importedWorkload({ ...shape, kernel, stride, padding, groups }, scheme);
    figures.push({ workload, scheme, latencyUs: exactLatency(latency * 1000), energyUj: energy * 1000 });
  }
  if (figures.length === 0) throw unreadable(source, 'APQ', 'it holds no layer.');
  const notes =
    Object.keys(facts).length > 0
      ? ['`head` and `tail` belong to no layer: they stand in the protocol as headUs and tailUs, and in no entry.']
      : [];
  const device = importedDevice('bitfusion-simulator', 'simulated', 'BitFusion');
  return { content: importedTable(source, APQ_MEANING, device, 'bitfusion-simulator', figures, facts), notes };
}

function positive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
