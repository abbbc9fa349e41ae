import { BitbudgetError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import type { Session } from '../../engine/session.ts';
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
const CHECK_SEED = 0xe4e6;

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
  const networks = drawNetworks(bench, table);
  try {
    const plan = await planOf(meter, bench);
    const blockS = (plan.loadMs + 2 * plan.idleMs) / 1e3;
    const each = subjectsOf(open, groupName);
    const perKernel = each.length * ROUNDS * blockS > LONGEST_S;
    const subjects = perKernel ? subjectsOf(open, (_, variant) => variant) : each;
    protocol.energyPer = perKernel ? 'kernel' : 'entry';
    protocol.energyLoadMs = Math.round(plan.loadMs);
    const powers = await measureAll(bench, subjects, networks, { meter, plan, seed: table.seed });
    for (const { name, entries: served } of subjects) {
      const power = powers.get(name);
      for (const entry of served) entries.set(entry.key, withEnergy(entry, served[0], power, meter));
    }
    Object.assign(protocol, compareNetworks(networks, powers, entries, table.scalar));
  } catch (error) {
    if (!(error instanceof BitbudgetError) || error.kind === 'interrupted') throw error;
    return { entries: [...entries.values()], protocol, problem: `${error.message} ${error.remedy}` };
  } finally {
    for (const { session } of networks) session.dispose();
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

interface Recording {
  meter: EnergyMeter;
  plan: PowerPlan;
  seed: number;
}

/** Measures a few subjects at a time, then the networks; all at once where the meter's log is looked at in the end. */
async function measureAll(
  bench: Bench,
  subjects: readonly Subject[],
  networks: readonly DrawnNetwork[],
  recording: Recording,
): Promise<Map<string, LoadPower>> {
  const powers = new Map<string, LoadPower>();
  const batch = recording.meter.kind === 'logging' ? Math.max(subjects.length, 1) : BATCH;
  const total = subjects.length + networks.length;
  const whole = networks.map(({ load }) => load);
  for (let first = 0; first < Math.max(subjects.length, 1); first += batch) {
    const turn = subjects.slice(first, first + batch);
    const last = first + batch >= subjects.length;
    const more = last ? whole : [];
    const onShare = (done: number) =>
      bench.onProgress('measuring energy', (first + done * (turn.length + more.length)) / total);
    const measured = await measureTurn(bench, turn, more, recording, onShare);
    for (const [name, power] of measured) powers.set(name, power);
  }
  return powers;
}

async function measureTurn(
  bench: Bench,
  subjects: readonly Subject[],
  more: readonly PowerLoad[],
  { meter, plan, seed }: Recording,
  onShare: (done: number) => void,
): Promise<Map<string, LoadPower>> {
  const random = new Random(seed);
  const contestants = subjects.map(({ entries: [entry] }) => {
    const variant = variantById(entry.variant)!;
    return new Contestant(bench.engine, bench.clock, variant, entry.workload, servedAs(variant, entry), random);
  });
  const kernels = contestants.map(
    (contestant, i): PowerLoad => ({ name: subjects[i].name, run: () => contestant.run() }),
  );
  try {
    return await measurePowers(meter, random.shuffle([...kernels, ...more]), bench, { plan, seed, onShare });
  } finally {
    for (const contestant of contestants) contestant.dispose();
  }
}

/** Watts times microseconds are microjoules. */
function withEnergy(entry: LutEntry, measured: LutEntry, power: LoadPower | undefined, meter: EnergyMeter): LutEntry {
  if (!power || !(power.powerW.low > 0)) return entry;
  const { value, low, high } = power.powerW;
  const doubt = workloadKey(entry.workload) === workloadKey(measured.workload) ? 0 : OTHER_WORKLOAD_ERROR * value;
  const { median: us } = entry.latencyUs;
  // to a tenth of a nanojoule, so that tables stay readable
  const round = (uj: number) => Math.round(uj * 1e4) / 1e4;
  return {
    ...entry,
    energyUj: {
      value: round(value * us),
      low: round(Math.max(value - Math.hypot(value - low, doubt), 0) * us),
      high: round((value + Math.hypot(high - value, doubt)) * us),
      source: meter.source,
    },
  };
}

/** A random whole network, ready to run, and the entries that its energy is predicted from. */
interface DrawnNetwork {
  session: Session;
  keys: string[];
  load: PowerLoad;
}

function drawNetworks(bench: Bench, { entries, schemes, seed }: TableToMeasure): DrawnNetwork[] {
  const random = new Random(seed ^ CHECK_SEED);
  const ranking = tableRanking({ entries: [...entries.values()] });
  return Array.from({ length: CHECKED_NETWORKS }, (_, i) => {
    const session = loadAssignment(bench, drawAssignment(bench.source.folded, schemes, random), { ranking });
    const { plan } = session.network;
    const run = () => {
      session.setInput(bench.input);
      session.execute();
    };
    const keys = [...plan.workloads.keys()].map((layer) => layerKey(plan, layer));
    return { session, keys, load: { name: `network ${i + 1}`, run } };
  });
}

/** How far the sums of entries are from what whole networks took. */
function compareNetworks(
  networks: readonly DrawnNetwork[],
  powers: ReadonlyMap<string, LoadPower>,
  entries: ReadonlyMap<string, LutEntry>,
  scalar: number,
): Record<string, number> {
  const errors = networks.flatMap(({ keys, load }) => {
    const measured = powers.get(load.name)?.energyUj;
    const parts = keys.map((key) => entries.get(key)?.energyUj?.value);
    if (!measured || !(measured.low > 0) || parts.includes(undefined)) return [];
    const predictedUj = scalar * (parts as number[]).reduce((sum, uj) => sum + uj, 0);
    return [(predictedUj - measured.value) / measured.value];
  });
  if (errors.length === 0) return { energyNetworks: 0 };
  return {
    energyNetworks: errors.length,
    energyMedianRelativeError: summarizeSamples(errors.map(Math.abs)).median,
    energyBias: summarizeSamples(errors).median,
  };
}
