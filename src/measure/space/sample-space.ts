import { Random } from '../../core/random.ts';
import type { VariantRanking } from '../../kernels/ranking.ts';
import { entryKey } from '../../lut/entry-key.ts';
import type { WantedEntry } from '../../lut/interpolation/types.ts';
import { tableRanking } from '../../lut/ranking.ts';
import type { Network } from '../../network/types.ts';
import { workloadKey } from '../../network/workload.ts';
import type { Design } from '../../quant/design.ts';
import { groupName } from '../groups.ts';
import type { ProfileOptions } from '../profile.ts';
import { raceVariants } from '../race.ts';
import type { EntrySubject } from '../reachable.ts';
import { type NetworkSource, type RoundsResult, timeRounds } from '../rounds.ts';
import { summarizeSamples } from '../statistics.ts';
import type { Bench } from '../surroundings.ts';
import { visitNetwork } from '../visit.ts';
import { lateVariants, type WarmUp, warmUp } from '../warm-up.ts';
import { type KeysOf, LayerKeys } from './layer-keys.ts';
import { HELD_OUT_SHARE, type MeasuringSpeed, planSpace, type SpacePlan } from './plan-space.ts';
import { type LoadedDesign, SlimNetworks } from './slim-networks.ts';
import { type GeneSetting, SpaceSampler, type SpaceTarget } from './space-sampler.ts';

/** A search space as measuring sees it: a genome is an index a gene into its choices. */
export interface MeasuredSpace {
  /** How many choices each gene has. */
  counts: readonly number[];
  decode(genome: readonly number[]): Design;
  keysOf: KeysOf;
  /** Every entry that designs can need, by key. */
  reachable: ReadonlyMap<string, EntrySubject>;
  /** How some of the genes stand in designs that need an entry; no settings where chance finds such designs. */
  settingsOf?(key: string): readonly GeneSetting[];
}

export type SpaceProfileOptions = Omit<ProfileOptions, 'schemes' | 'meter'>;

export interface SpaceSamples {
  rounds: RoundsResult;
  warm: WarmUp;
  /** Variants that were still getting faster. */
  late: string[];
  ranking: VariantRanking;
  /** As far as there was time to choose kernels. */
  plan: SpacePlan;
}

/** The first stage, which shows how fast this device can be measured, takes this share of the time limit. */
const FIRST_SHARE = 0.25;
/** At this share of the time limit it ends in any case. */
const FIRST_STOP = 0.45;
/** Of the wanted layers that a design held so far, those of later ones hold this share: what still lacks goes together less. */
const LATER_USE = 0.4;
/** Of the time that is left this share is planned for; the rest is reserve. */
const PLANNED_SHARE = 0.9;
/** Share of a stage after which no more kernels are chosen. */
const RACE_SHARE = 0.6;
/** Stages stop when less than this share of the time limit is left. */
const LAST_SHARE = 0.15;
const MOST_STAGES = 6;
const TRIAL_NETWORKS = 3;
const TRIAL_RACES = 3;
/** Of the layers of a network this share is of use for a plan, before it is known. */
const USEFUL_SHARE = 0.5;
/** Networks that warming up runs; variants that they do not hold are warmed up as they come. */
const COVERING_NETWORKS = 12;

/**
 * Plans, chooses kernels and times designs in stages: the first shows how fast that goes here, the second plans for the
 * time that is left, and later ones use what it leaves over. Without a time limit there is one stage for everything.
 */
export async function sampleSpace(
  bench: Bench,
  network: Network,
  space: MeasuredSpace,
  options: SpaceProfileOptions,
): Promise<SpaceSamples> {
  bench.onProgress('planning what to measure', 0);
  const sampling = new SpaceSampling(bench, network, space, options);
  await sampling.resume();
  for (let stage = 0; stage < MOST_STAGES && sampling.hasTime(); stage++) {
    if (!(await sampling.stage(stage))) break;
  }
  return sampling.finish();
}

class SpaceSampling {
  private readonly bench: Bench;
  private readonly space: MeasuredSpace;
  private readonly options: SpaceProfileOptions;
  private readonly random: Random;
  private readonly keys: LayerKeys;
  private readonly slim: SlimNetworks;
  private readonly wanted: readonly WantedEntry[];
  private readonly startNs: number;
  private readonly ranking: Map<string, readonly string[]>;
  private readonly plan = { measure: [] as WantedEntry[], heldOut: [] as WantedEntry[] };
  private covering: LoadedDesign[] = [];
  private warm: WarmUp | undefined;
  private speed: MeasuringSpeed | undefined;
  private rounds: RoundsResult;
  private interruptedRuns = 0;

  constructor(bench: Bench, network: Network, space: MeasuredSpace, options: SpaceProfileOptions) {
    this.bench = bench;
    this.space = space;
    this.options = options;
    this.random = new Random(options.seed);
    this.startNs = bench.clock.nowNs();
    this.keys = new LayerKeys(space.counts, space.keysOf, this.random);
    this.slim = new SlimNetworks(bench, network);
    this.wanted = [...space.reachable.values()];
    this.ranking = tableRanking({ entries: [...(options.known?.values() ?? [])] });
    const networks = [...(options.earlier?.networks ?? [])];
    this.rounds = { timed: networks, networks, others: [], levelNs: Number.NaN, interruptedRuns: 0, timedOut: false };
  }

  hasTime(): boolean {
    return this.leftS() > LAST_SHARE * (this.options.timeMaxS ?? 0);
  }

  /** Takes up what an interrupted profile had chosen the kernels of. */
  async resume(): Promise<void> {
    const chosen = this.options.earlier?.ranking;
    const begun = this.wanted.filter((entry) => chosen?.has(keyOf(entry)) && !this.options.known?.has(keyOf(entry)));
    for (const entry of begun) this.ranking.set(keyOf(entry), chosen!.get(keyOf(entry))!);
    if (begun.length > 0) await this.measure({ measure: begun, heldOut: [] }, Number.POSITIVE_INFINITY);
  }

  /** @returns whether there was anything left to measure. */
  async stage(stage: number): Promise<boolean> {
    const { timeMaxS, visits, known } = this.options;
    const done = new Set([...(known?.keys() ?? []), ...this.planned().map(keyOf)]);
    const open = this.wanted.filter((entry) => !done.has(keyOf(entry)));
    if (open.length === 0) return false;
    this.speed ??= await this.trySpeed(open);
    const first = stage === 0;
    const stageS =
      timeMaxS === undefined ? undefined : Math.min(this.leftS(), first ? FIRST_SHARE * timeMaxS : Infinity);
    const planS = stageS === undefined ? undefined : PLANNED_SHARE * stageS;
    // those of the first stage would be drawn from entries that the second one measures anyway
    const heldOutS = stage === 1 && timeMaxS !== undefined ? HELD_OUT_SHARE * timeMaxS : 0;
    const room = { visits, speed: this.speed, timeMaxS: planS, heldOutS };
    const planned = this.withCompanions(planSpace(this.wanted, done, room, this.random), done);
    const untilS = this.elapsedS() + RACE_SHARE * (stageS ?? Infinity);
    const plan = await this.chooseKernels(planned, () => this.elapsedS() < untilS);
    if (plan.measure.length + plan.heldOut.length === 0) return false;
    // what the first stage leaves lacking is visited in the next one, before the time is spent without any held out
    await this.measure(plan, first && timeMaxS !== undefined ? FIRST_STOP * timeMaxS : Number.POSITIVE_INFINITY);
    return true;
  }

  async finish(): Promise<SpaceSamples> {
    const { bench, rounds, ranking, plan, covering, interruptedRuns } = this;
    const sessions = covering.map(({ session }) => session);
    const warm = this.warm ?? { proven: true, passes: 0, sentinelsNs: new Map() };
    const late = sessions.length > 0 ? await lateVariants(warm, sessions, bench.input, bench) : [];
    for (const { dispose } of covering) dispose();
    return { rounds: { ...rounds, interruptedRuns }, warm, late, ranking, plan };
  }

  private elapsedS(): number {
    return (this.bench.clock.nowNs() - this.startNs) / 1e9;
  }

  private leftS(): number {
    return (this.options.timeMaxS ?? Number.POSITIVE_INFINITY) - this.elapsedS();
  }

  private planned(): WantedEntry[] {
    return [...this.plan.measure, ...this.plan.heldOut];
  }

  private load(genome: readonly number[], unconditional: boolean): LoadedDesign {
    return this.slim.load(this.space.decode(genome), { ranking: this.ranking, unconditional });
  }

  /**
   * Puts a design around each planned entry, and plans for its other layers as well, until there are as many entries as
   * were planned: the layers of a design are timed together, so that they cost little beside each other.
   */
  private withCompanions({ measure, heldOut }: SpacePlan, done: ReadonlySet<string>): SpacePlan {
    if (this.options.timeMaxS === undefined) return { measure, heldOut };
    const { keys, space, random } = this;
    const chosen = new Map<string, WantedEntry>();
    const targets = this.targetsOf(measure);
    const designs: string[][] = [];
    const among = (wanted: readonly string[]) => {
      const own = new Set(wanted);
      return new SpaceSampler(keys, wanted, (key) => (own.has(key) ? key : undefined), 1, random, targets);
    };
    const together = targets.length > 0 ? among(measure.map(keyOf)) : undefined;
    for (const target of measure) {
      if (chosen.size >= measure.length) break;
      const key = keyOf(target);
      if (chosen.has(key)) continue;
      chosen.set(key, target);
      const layers = keys.whole((together ?? among([key])).next(key).genome);
      designs.push(layers);
      together?.recount(designs);
      for (const other of layers.includes(key) ? layers : []) {
        if (!done.has(other) && !chosen.has(other)) chosen.set(other, space.reachable.get(other)!);
      }
    }
    return { measure: [...chosen.values()], heldOut: heldOut.filter((entry) => !chosen.has(keyOf(entry))) };
  }

  /** Those of the entries of which it is known how genes stand in designs that need them. */
  private targetsOf(entries: readonly WantedEntry[]): SpaceTarget[] {
    return entries.flatMap((entry) => {
      const key = keyOf(entry);
      const settings = this.space.settingsOf?.(key) ?? [];
      return settings.length > 0 ? [{ key, settings }] : [];
    });
  }

  /** A first guess of how fast this device can be measured. */
  private async trySpeed(open: readonly WantedEntry[]): Promise<MeasuringSpeed> {
    const { bench, keys, random } = this;
    const networks: number[] = [];
    for (let trial = 0; trial < TRIAL_NETWORKS; trial++) {
      const beforeS = this.elapsedS();
      const { session, dispose } = this.load(
        keys.counts.map((count) => random.below(count)),
        false,
      );
      await visitNetwork(session, bench.input, bench);
      dispose();
      networks.push(this.elapsedS() - beforeS);
    }
    const races: number[] = [];
    for (let trial = 0; trial < TRIAL_RACES; trial++) {
      const key = workloadKey(open[random.below(open.length)].workload);
      const beforeS = this.elapsedS();
      await race(
        bench,
        open.filter(({ workload }) => workloadKey(workload) === key),
      );
      races.push(this.elapsedS() - beforeS);
    }
    const layers = keys.whole(keys.counts.map(() => 0)).length;
    return {
      raceS: summarizeSamples(races).median,
      networkS: summarizeSamples(networks).median,
      usefulLayers: Math.max(1, USEFUL_SHARE * layers),
    };
  }

  /** Races the kernels of the planned workloads in the order of the plan as long as there is time. */
  private async chooseKernels({ measure, heldOut }: SpacePlan, goOn: () => boolean): Promise<SpacePlan> {
    const every = Math.max(1, Math.floor(measure.length / Math.max(1, heldOut.length)));
    const mixed = measure.flatMap((entry, i) =>
      i % every === 0 ? [entry, ...heldOut.slice(i / every, i / every + 1)] : [entry],
    );
    const byWorkload = new Map<string, WantedEntry[]>();
    for (const entry of new Set([...mixed, ...heldOut])) {
      const key = workloadKey(entry.workload);
      byWorkload.set(key, [...(byWorkload.get(key) ?? []), entry]);
    }
    const beforeS = this.elapsedS();
    let done = 0;
    for (const entries of byWorkload.values()) {
      if (!goOn()) break;
      for (const [key, ids] of await race(this.bench, entries)) this.ranking.set(key, ids);
      this.bench.onProgress('racing kernel variants', ++done / byWorkload.size);
    }
    if (done > 0) this.speed = { ...this.speed!, raceS: (this.elapsedS() - beforeS) / done };
    this.options.onProgressMade?.({ ranking: this.ranking });
    const raced = (entry: WantedEntry) => this.ranking.has(keyOf(entry));
    return { measure: measure.filter(raced), heldOut: heldOut.filter(raced) };
  }

  /**
   * Times designs until every entry that was planned so far has its visits, or time is up.
   *
   * @param untilS since the beginning; not beyond the time limit.
   */
  private async measure({ measure, heldOut }: SpacePlan, untilS: number): Promise<void> {
    const { bench, keys, options, random, rounds } = this;
    this.plan.measure.push(...measure);
    this.plan.heldOut.push(...heldOut);
    if (!this.warm) await this.warmUp();
    const units = unitsOf(this.planned(), this.ranking);
    const unitOf = (key: string, unconditional: boolean) => units.get(key)?.[unconditional ? 1 : 0];
    const targets = this.targetsOf(this.planned());
    const wanted = new Set([...units.values()].flat());
    const sampler = new SpaceSampler(keys, wanted, unitOf, options.visits, random, targets);
    sampler.recount(rounds.networks.map(({ groups }) => groups));
    const progressBefore = sampler.progress;
    const source: NetworkSource = {
      get complete() {
        return sampler.complete;
      },
      get progress() {
        return sampler.progress;
      },
      draw: () => {
        const { genome, unconditional } = sampler.next();
        return this.load(genome, unconditional);
      },
      recount: (networks, others) => sampler.recount(networks, others),
    };
    const beforeS = this.elapsedS();
    const before = rounds.networks.length + rounds.others.length;
    this.rounds = await timeRounds(bench, source, {
      ...(options.timeMaxS !== undefined && {
        timeMaxS: Math.max(0, Math.min(this.leftS(), untilS - this.elapsedS())),
      }),
      earlier: rounds.timed,
      onNetwork: (timed) => options.onProgressMade?.({ network: timed }),
    });
    this.interruptedRuns += this.rounds.interruptedRuns;
    const timed = this.rounds.networks.length + this.rounds.others.length - before;
    if (timed === 0) return;
    this.speed = {
      raceS: this.speed?.raceS ?? 0,
      networkS: (this.elapsedS() - beforeS) / timed,
      usefulLayers: Math.max(
        1,
        (LATER_USE * (sampler.progress - progressBefore) * wanted.size * options.visits) / timed,
      ),
    };
  }

  private async warmUp(): Promise<void> {
    const { bench, keys, random, ranking } = this;
    const variantOf = (key: string, unconditional: boolean) => ranking.get(key)?.at(unconditional ? -1 : 0);
    const chosen = this.planned().flatMap((entry) => [variantOf(keyOf(entry), false)!, variantOf(keyOf(entry), true)!]);
    const sampler = new SpaceSampler(keys, chosen, variantOf, 1, random, this.targetsOf(this.planned()));
    const visited: string[][] = [];
    while (visited.length < COVERING_NETWORKS && !sampler.complete) {
      const { genome, unconditional } = sampler.next();
      this.covering.push(this.load(genome, unconditional));
      visited.push(keys.whole(genome).flatMap((key) => variantOf(key, unconditional) ?? []));
      sampler.recount(visited);
      await bench.pause(0);
    }
    bench.onProgress('warming up', 0);
    this.warm = await warmUp(
      this.covering.map(({ session }) => session),
      bench.input,
      bench,
    );
  }
}

function keyOf({ workload, scheme }: WantedEntry): string {
  return entryKey(workload, scheme);
}

function race(bench: Bench, entries: readonly WantedEntry[]): Promise<VariantRanking> {
  return raceVariants({ ...bench, onProgress() {} }, new Map(entries.map((entry) => [keyOf(entry), entry])));
}

/** The measurements of each entry: with its fastest variant, and with the fastest that runs whatever the weights are. */
function unitsOf(entries: readonly WantedEntry[], ranking: VariantRanking): Map<string, [string, string]> {
  return new Map(
    entries.map((entry) => {
      const ids = ranking.get(keyOf(entry))!;
      return [keyOf(entry), [groupName(entry, ids[0]), groupName(entry, ids[ids.length - 1])]];
    }),
  );
}
