import { BitbudgetError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import { variantById } from '../../kernels/registry.ts';
import { tableRanking } from '../../lut/ranking.ts';
import type { LutEntry } from '../../lut/schema.ts';
import { workloadKey } from '../../network/workload.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { Contestant } from '../contestant.ts';
import { groupName } from '../groups.ts';
import { servedAs } from '../race.ts';
import { layerKey } from '../reachable.ts';
import { loadAssignment } from '../rounds.ts';
import { drawAssignment } from '../sampler.ts';
import { summarizeSamples } from '../statistics.ts';
import type { Bench } from '../surroundings.ts';
import { measurePowers, planOf, ROUNDS } from './measure-energy.ts';
import type { EnergyMeter } from './meter.ts';
import type { LoadPower } from './power-estimate.ts';
import type { PowerLoad, PowerPlan } from './recorder.ts';

/** Loads that are in kernel memory at once, and take turns. */
const BATCH = 8;
/** Beyond this, kernels are measured on one workload each. */
const LONGEST_S = 120;
/** What the power of one kernel may differ by between workloads: assumed, a third of what it differs by between kernels. */
const OTHER_WORKLOAD_ERROR = 0.1;
/** Whole networks that the sum of entries is compared with. */
const CHECKED_NETWORKS = 4;

/** What measuring energy adds to a table. */
export interface TableEnergy {
  entries: LutEntry[];
  /** For the table's protocol. */
  protocol: Record<string, number | string>;
  /** Why some or all entries have none. */
  problem?: string;
}

export interface TableToMeasure {
  entries: ReadonlyMap<string, LutEntry>;
  scalar: number;
  schemes: readonly Scheme[];
  seed: number;
}

/** Entries that are served by one kernel in the same way. */
interface Subject {
  name: string;
  entries: LutEntry[];
}

/**
 * Measures the energy of the entries that this meter has not measured yet: each kernel runs over and over on its
 * workload, idling is subtracted, and the power that it takes is multiplied by the entry's latency in context. With a slow
 * meter each kernel runs on its longest workload alone. In the end whole networks are measured and compared with the sum
 * of their entries.
 *
 * A meter that fails costs the energy, not the table: the entries come back without it and `problem` says why.
 *
 * @throws {BitbudgetError} `interrupted` on cancellation.
 */
export async function measureTableEnergy(
  bench: Bench,
  table: TableToMeasure,
  meter: EnergyMeter,
): Promise<TableEnergy> {
  const entries = new Map(table.entries);
  const open = [...entries.values()].filter((e) => e.energyUj?.source !== meter.source && variantById(e.variant));
  const protocol: TableEnergy['protocol'] = { energyMeter: meter.id };
  try {
    const plan = await planOf(meter, bench);
    const roundS = (plan.loadMs + 2 * plan.idleMs) / 1e3;
    const each = subjectsOf(open, groupName);
    const perKernel = each.length * ROUNDS * roundS > LONGEST_S;
    const subjects = perKernel ? subjectsOf(open, (_, variant) => variant) : each;
    protocol.energyPer = perKernel ? 'kernel' : 'entry';
    protocol.energyLoadMs = Math.round(plan.loadMs);
    for (let first = 0; first < subjects.length; first += BATCH) {
      const batch = subjects.slice(first, first + BATCH);
      const powers = await measureBatch(bench, batch, meter, plan, table.seed + first);
      for (const { name, entries: served } of batch) {
        const power = powers.get(name);
        for (const entry of served) entries.set(entry.key, withEnergy(entry, served[0], power, meter));
      }
      bench.onProgress('measuring energy', (first + batch.length) / (subjects.length + CHECKED_NETWORKS));
    }
    Object.assign(protocol, await checkNetworks(bench, { ...table, entries }, meter, plan));
  } catch (error) {
    if (!(error instanceof BitbudgetError) || error.kind === 'interrupted') throw error;
    return { entries: [...entries.values()], protocol, problem: `${error.message} ${error.remedy}` };
  }
  const without = [...entries.values()].filter(({ energyUj }) => energyUj?.source !== meter.source).length;
  const problem = without > 0 ? `The meter ${meter.id} could not tell ${without} entries from idling.` : undefined;
  return { entries: [...entries.values()], protocol, problem };
}

/** The slowest entry first: it is the one that runs. */
function subjectsOf(entries: readonly LutEntry[], nameOf: (entry: LutEntry, variant: string) => string): Subject[] {
  const byName = new Map<string, LutEntry[]>();
  for (const entry of entries) {
    const name = nameOf(entry, entry.variant);
    byName.set(name, [...(byName.get(name) ?? []), entry]);
  }
  return [...byName].map(([name, served]) => ({
    name,
    entries: served.sort((a, b) => b.latencyUs.median - a.latencyUs.median || (a.key < b.key ? -1 : 1)),
  }));
}

async function measureBatch(
  bench: Bench,
  batch: readonly Subject[],
  meter: EnergyMeter,
  plan: PowerPlan,
  seed: number,
): Promise<Map<string, LoadPower>> {
  const random = new Random(seed);
  const contestants = batch.map(({ entries: [entry] }) => {
    const variant = variantById(entry.variant)!;
    return new Contestant(bench.engine, bench.clock, variant, entry.workload, servedAs(variant, entry), random);
  });
  const loads = contestants.map((contestant, i): PowerLoad => ({ name: batch[i].name, run: () => contestant.run() }));
  try {
    return await measurePowers(meter, random.shuffle(loads), bench, { plan, seed });
  } finally {
    for (const contestant of contestants) contestant.dispose();
  }
}

/** Watts times microseconds are microjoules. */
function withEnergy(entry: LutEntry, measured: LutEntry, power: LoadPower | undefined, meter: EnergyMeter): LutEntry {
  if (!power || !(power.powerW.low > 0)) return entry;
  const { value, low, high } = power.powerW;
  const doubt = workloadKey(entry.workload) === workloadKey(measured.workload) ? 0 : OTHER_WORKLOAD_ERROR * value;
  const us = entry.latencyUs.median;
  return {
    ...entry,
    energyUj: {
      value: value * us,
      low: Math.max(value - Math.hypot(value - low, doubt), 0) * us,
      high: (value + Math.hypot(high - value, doubt)) * us,
      source: meter.source,
    },
  };
}

/** Measures a few whole networks: how far the sums of entries are from what they take. */
async function checkNetworks(
  bench: Bench,
  { entries, scalar, schemes, seed }: TableToMeasure,
  meter: EnergyMeter,
  plan: PowerPlan,
): Promise<Record<string, number>> {
  const random = new Random(seed ^ 0xe4e6);
  const ranking = tableRanking({ entries: [...entries.values()] });
  const networks = Array.from({ length: CHECKED_NETWORKS }, (_, i) => {
    const session = loadAssignment(bench, drawAssignment(bench.source.folded, schemes, random), { ranking });
    const { plan: tensors } = session.network;
    const uj = [...tensors.workloads.keys()].map((layer) => entries.get(layerKey(tensors, layer))?.energyUj?.value);
    const run = () => {
      session.setInput(bench.input);
      session.execute();
    };
    return {
      session,
      predictedUj: scalar * uj.reduce<number>((sum, e) => sum + (e ?? Number.NaN), 0),
      load: { name: `${i}`, run },
    };
  });
  const whole = networks.filter(({ predictedUj }) => predictedUj > 0);
  const powers = await measurePowers(
    meter,
    whole.map(({ load }) => load),
    bench,
    { plan, seed },
  );
  for (const { session } of networks) session.dispose();
  const errors = whole.flatMap(({ predictedUj, load }) => {
    const measured = powers.get(load.name);
    return measured && measured.energyUj.low > 0
      ? [(predictedUj - measured.energyUj.value) / measured.energyUj.value]
      : [];
  });
  if (errors.length === 0) return { energyNetworks: 0 };
  return {
    energyNetworks: errors.length,
    energyMedianRelativeError: summarizeSamples(errors.map(Math.abs)).median,
    energyBias: summarizeSamples(errors).median,
  };
}
