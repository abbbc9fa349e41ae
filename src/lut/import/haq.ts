import { BitbudgetError } from '../../core/errors.ts';
import { foldNetwork } from '../../network/fold.ts';
import type { Network } from '../../network/types.ts';
import { type Workload, workloadMacs } from '../../network/workload.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { planTensors, weightedLayers } from '../../quant/tensor-plan.ts';
import {
  exactLatency,
  type ImportedFigure,
  type ImportedTable,
  type ImportSource,
  importedDevice,
  importedTable,
  unreadable,
} from './imported-table.ts';
import { readNpy } from './npy.ts';

export const HAQ_MEANING = {
  format: 'haq',
  unit: 'cycles of a simulated bit-serial accelerator for a batch of 16',
  meaning:
    'latency of one layer at (weight bits, activation bits) from 1 to 8; f32 and layers without weights are absent',
};
const BATCH = 16;
const BITS = 8;
/** The clock that BISMO (Umuroglu et al., FPL 2018), the kind of accelerator simulated, ran at; HAQ's file names none. */
export const ASSUMED_CLOCK_MHZ = 200;

/**
 * HAQ's latency tables (Wang et al., CVPR 2019): int64 cost[layer][weight bits − 1][activation bits − 1], layers being
 * the convolutions and dense layers of a network in execution order. That the unit is a cycle follows from the smallest
 * figures, which are whole multiples of output pixels × 16 images; microseconds of one image need a clock.
 *
 * Layers that the table does not count (pooling, additions that are not fused) are priced at its slowest rate for a
 * multiply-accumulate, one for each element read, so that none is free.
 *
 * @param network the network that the table was made for; the published one is MobileNetV2 at 224.
 * @throws {BitbudgetError} `damaged-file` for what is no such array, `mismatch` if the number of layers is another.
 */
export function importHaq(source: ImportSource, network: Network, clockMhz = ASSUMED_CLOCK_MHZ): ImportedTable {
  const { shape, values } = readNpy(source, 'HAQ');
  if (shape.length !== 3 || shape[1] !== BITS || shape[2] !== BITS) {
    throw unreadable(source, 'HAQ', `its array is ${shape.join('×')}, not layers×${BITS}×${BITS}.`);
  }
  const folded = foldNetwork(network);
  const names = weightedLayers(folded);
  if (names.length !== shape[0]) {
    const problem = `${source.name} holds ${shape[0]} layers, but ${network.name} has ${names.length} with weights.`;
    throw new BitbudgetError('mismatch', problem, 'Name the network that the table was made for with `--network`.');
  }
  const { workloads } = planTensors(folded, new Map(names.map((name): [string, Scheme] => [name, 'w8a8'])));
  const toUs = (cycles: number) => cycles / BATCH / clockMhz;
  const figures: ImportedFigure[] = [];
  let slowestUsPerMac = 0;
  for (const [layer, name] of names.entries()) {
    const workload = plain(workloads.get(name)!);
    for (let w = 1; w <= BITS; w++) {
      for (let a = 1; a <= BITS; a++) {
        const cycles = values[(layer * BITS + w - 1) * BITS + a - 1];
        if (!(cycles > 0)) throw unreadable(source, 'HAQ', `layer ${layer} at w${w}a${a} costs ${cycles}.`);
        const us = toUs(cycles);
        slowestUsPerMac = Math.max(slowestUsPerMac, us / workloadMacs(workload));
        figures.push({ workload, scheme: `w${w}a${a}`, latencyUs: exactLatency(us) });
      }
    }
  }
  const { kept, conflicts } = mergeEqualShapes(figures);
  const weightless = [...workloads].filter(([name]) => !names.includes(name)).map(([, workload]) => plain(workload));
  for (const workload of distinct(weightless)) {
    const us = workload.height * workload.width * workload.inChannels * slowestUsPerMac;
    kept.push({ workload, scheme: 'u8', latencyUs: exactLatency(us) });
  }
  const device = importedDevice('haq-bit-serial-simulator', 'simulated', 'bit-serial accelerator (HAQ simulator)');
  const facts = { network: network.name, clockMhz, batch: BATCH };
  const notes = [
    `Cycles became microseconds at ${clockMhz} MHz${clockMhz === ASSUMED_CLOCK_MHZ ? ', which is assumed; give --clock-mhz' : ''}; ratios do not depend on it.`,
  ];
  if (weightless.length > 0) {
    notes.push(
      `${distinct(weightless).length} shapes of layers without weights are not in the source; priced at its slowest rate.`,
    );
  }
  if (conflicts > 0) notes.push(`${conflicts} figures of layers with equal shapes differed; their mean was taken.`);
  return { content: importedTable(source, HAQ_MEANING, device, 'haq-simulator', kept, facts), notes };
}

function plain(workload: Workload): Workload {
  return { ...workload, activation: 'none', residual: false, input: 'u8', output: 'u8' };
}

function distinct(workloads: readonly Workload[]): Workload[] {
  return [...new Map(workloads.map((workload) => [JSON.stringify(workload), workload])).values()];
}

/** Layers of equal shape are one entry; where the source gives them different figures, the mean and the range. */
function mergeEqualShapes(figures: readonly ImportedFigure[]): { kept: ImportedFigure[]; conflicts: number } {
  const groups = new Map<string, ImportedFigure[]>();
  for (const figure of figures) {
    const name = `${JSON.stringify(figure.workload)} ${figure.scheme}`;
    groups.set(name, [...(groups.get(name) ?? []), figure]);
  }
  let conflicts = 0;
  const kept = [...groups.values()].map((group): ImportedFigure => {
    const us = group.map(({ latencyUs }) => latencyUs.median).sort((a, b) => a - b);
    const [low, high] = [us[0], us[us.length - 1]];
    if (low === high) return group[0];
    conflicts++;
    const median = us.reduce((sum, value) => sum + value, 0) / us.length;
    return { ...group[0], latencyUs: { median, low, high, p95: high, count: us.length } };
  });
  return { kept, conflicts };
}
