import { BitbudgetError } from '../../core/errors.ts';
import { Random } from '../../core/random.ts';
import type { LoadPattern, LoadPhase } from './load-pattern.ts';
import type { EnergyMeter, MeterSurroundings } from './meter.ts';
import { estimatePower, type LoadPower, type Trim } from './power-estimate.ts';
import { PowerTrace } from './power-trace.ts';

/** Something that is run over and over while a meter looks on. */
export interface PowerLoad {
  name: string;
  run(): void;
}

/** How long things take, by how quick the meter is. */
export interface PowerPlan {
  updateMs: number;
  /** A phase of load, and one of idling on either side of it; they vary by a quarter, so that nothing periodic can fall in step with them. */
  loadMs: number;
  idleMs: number;
}

/** Fresh values that a phase of load is to hold; half as many for one of idling. */
const VALUES_PER_LOAD = 20;
/** Phases are no shorter than this: the processor's frequency needs some time to settle. */
const LEAST_LOAD_MS = 100;
const VARIATION = 0.25;
/** Runs between two looks at the clock. */
const CHUNK_MS = 5;
/**
 * After so much work the event loop may run, which idles about a millisecond: rarely for signals, so that the meter hardly
 * sees it, and more often while a command is to answer.
 */
const YIELD_MS = { usual: 500, answering: 20 };
/** More chunks than a phase can hold on a clock that moves. */
const MOST_CHUNKS = 1_000_000;

/**
 * @example planFor(1) // => { updateMs: 1, loadMs: 100, idleMs: 50 }
 */
export function planFor(updateMs: number): PowerPlan {
  const loadMs = Math.max(VALUES_PER_LOAD * updateMs, LEAST_LOAD_MS);
  return { updateMs, loadMs, idleMs: loadMs / 2 };
}

/** Runs loads and idles in turn with a meter looking on, and says what each load took. */
export class PowerRecorder {
  readonly phases: LoadPhase[] = [];
  private readonly meter: EnergyMeter;
  private readonly surroundings: MeterSurroundings;
  private readonly plan: PowerPlan;
  private readonly random: Random;
  private readonly runsPerChunk = new Map<string, number>();
  private trace: PowerTrace;
  private readNs = Number.NEGATIVE_INFINITY;
  private pending: Promise<void> | undefined;
  private failure: unknown;
  /** Longest time between question and answer, ns. */
  private slowestNs = 0;

  constructor(meter: EnergyMeter, surroundings: MeterSurroundings, plan: PowerPlan, seed = 1) {
    this.meter = meter;
    this.surroundings = surroundings;
    this.plan = plan;
    this.random = new Random(seed);
    this.trace = new PowerTrace(meter.kind === 'live' ? meter.quantity : 'power');
  }

  /** A load once, between two stretches of idling of its own: blocks that share none are independent. */
  async block(load: PowerLoad): Promise<void> {
    await this.idle();
    await this.load(load);
    await this.idle();
  }

  /** Ends the recording: a last reading, or the meter's own log, before which `power` knows nothing. */
  async finish(): Promise<void> {
    if (this.meter.kind === 'logging') {
      this.trace = await this.meter.trace(this.pattern);
      return;
    }
    await this.pending;
    this.read();
    await this.pending;
    this.stopIfInVain();
  }

  /** What a load took in all its phases so far; undefined while that is not known. */
  power(load: string): LoadPower | undefined {
    const { meter } = this;
    const reading = meter.kind === 'live' ? meter : { quantity: 'power' as const, step: 0 };
    return estimatePower(this.pattern, this.trace, load, this.trim(), reading);
  }

  get pattern(): LoadPattern {
    return { phases: this.phases };
  }

  private async load({ name, run }: PowerLoad): Promise<void> {
    const { clock, pause } = this.surroundings;
    const startNs = await this.begin();
    const untilNs = startNs + this.vary(this.plan.loadMs) * 1e6;
    let chunk = this.runsPerChunk.get(name) ?? 1;
    let busyNs = 0;
    let runs = 0;
    let yieldedNs = startNs;
    let answeringNs = this.vary(YIELD_MS.answering) * 1e6;
    for (let chunks = 0; chunks < MOST_CHUNKS; chunks++) {
      const fromNs = clock.nowNs();
      for (let i = 0; i < chunk; i++) run();
      const toNs = clock.nowNs();
      busyNs += toNs - fromNs;
      runs += chunk;
      if (toNs >= untilNs) break;
      if (toNs - fromNs < (CHUNK_MS * 1e6) / 2) chunk *= 2;
      this.look();
      if (toNs - yieldedNs >= (this.pending ? answeringNs : YIELD_MS.usual * 1e6)) {
        await pause(0);
        answeringNs = this.vary(YIELD_MS.answering) * 1e6;
        this.stopIfInVain();
        yieldedNs = clock.nowNs();
      }
    }
    this.runsPerChunk.set(name, chunk);
    this.phases.push({ load: name, startNs, endNs: await this.end(), busyNs, runs });
  }

  private async idle(): Promise<void> {
    const { clock, pause } = this.surroundings;
    const startNs = await this.begin();
    const untilNs = startNs + this.vary(this.plan.idleMs) * 1e6;
    const stepMs = Math.max(this.plan.updateMs, 1);
    for (let steps = 0; steps < MOST_CHUNKS; steps++) {
      const leftMs = (untilNs - clock.nowNs()) / 1e6;
      if (!(leftMs > 0)) break;
      await pause(this.counts || this.meter.kind === 'logging' ? leftMs : Math.min(stepMs, leftMs));
      this.stopIfInVain();
      this.look();
    }
    this.phases.push({ load: undefined, startNs, endNs: await this.end(), busyNs: 0, runs: 0 });
  }

  /** A counter is read at both ends of a phase alone, other meters all the time. */
  private get counts(): boolean {
    return this.meter.kind === 'live' && this.meter.quantity === 'energy';
  }

  private trim(): Trim {
    if (this.counts) return { headNs: 0, tailNs: 0 };
    const updateNs = this.plan.updateMs * 1e6;
    return { headNs: 2 * updateNs, tailNs: Math.max(updateNs, this.slowestNs) };
  }

  private look(): void {
    if (this.counts || this.pending) return;
    if (this.surroundings.clock.nowNs() - this.readNs >= this.plan.updateMs * 1e6) this.read();
  }

  /** The moment at which a phase begins: for a counter that of its reading, so that both ends lie on one. */
  private async begin(): Promise<number> {
    if (this.counts || (this.meter.kind === 'live' && this.trace.length === 0)) {
      this.read();
      await this.pending;
    }
    this.stopIfInVain();
    return this.counts ? this.trace.endNs : this.surroundings.clock.nowNs();
  }

  private async end(): Promise<number> {
    const nowNs = this.surroundings.clock.nowNs();
    return this.counts ? this.begin() : nowNs;
  }

  /** Takes a reading; of a meter that needs time, it is that of the middle between question and answer. */
  private read(): void {
    const { meter, surroundings } = this;
    if (meter.kind !== 'live') return;
    const askedNs = surroundings.clock.nowNs();
    this.readNs = askedNs;
    const answer = (value: number) => {
      const nowNs = surroundings.clock.nowNs();
      this.slowestNs = Math.max(this.slowestNs, nowNs - askedNs);
      this.trace.add({ timeNs: (askedNs + nowNs) / 2, value });
    };
    const value = meter.read();
    if (typeof value === 'number') {
      answer(value);
      return;
    }
    this.pending = value
      .then(answer, (error: unknown) => void (this.failure = error))
      .then(() => {
        this.pending = undefined;
      });
  }

  private vary(ms: number): number {
    return ms * (1 + VARIATION * (2 * this.random.real() - 1));
  }

  private stopIfInVain(): void {
    if (this.failure !== undefined) throw this.failure;
    if (!this.surroundings.cancellation.aborted) return;
    const remedy = 'No table was written or changed; start again when ready.';
    throw new BitbudgetError('interrupted', 'Measuring energy was interrupted.', remedy);
  }
}
