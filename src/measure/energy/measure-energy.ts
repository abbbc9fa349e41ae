import { BitbudgetError } from '../../core/errors.ts';
import type { EnergyMeter, LiveMeter, MeterSurroundings } from './meter.ts';
import type { LoadPower } from './power-estimate.ts';
import { type PowerLoad, type PowerPlan, PowerRecorder, planFor } from './recorder.ts';

/** Blocks of every load: Student's t asks for few more with six than with many (2.6 against 2.0). */
export const ROUNDS = 6;
/** How a gauge is watched until it has shown how often it gives a fresh value. */
const WATCH = { everyMs: 50, changes: 5, mostMs: 120_000 };

export interface EnergyOptions {
  /** Time that each load is to run, all its rounds together, s; less than the meter needs is raised to that. */
  seconds?: number;
  seed?: number;
}

/**
 * Measures what one run of something takes above idle: idles, runs it over and over, idles, six times in all, as long as the meter's update rate asks for.
 *
 * @throws {BitbudgetError} `unsupported` if the meter fails or sees no difference to idling, `interrupted` on
 * cancellation, `input` or `damaged-file` for the log of a USB meter that does not show the load.
 */
export async function measureEnergy(
  meter: EnergyMeter,
  run: () => void,
  surroundings: MeterSurroundings,
  { seconds = 0, seed }: EnergyOptions = {},
): Promise<LoadPower> {
  const plan = await planOf(meter, surroundings);
  const loadMs = Math.max(plan.loadMs, (seconds * 1e3) / ROUNDS);
  const powers = await measurePowers(meter, [{ name: 'load', run }], surroundings, {
    plan: { ...plan, loadMs, idleMs: loadMs / 2 },
    seed,
  });
  const power = powers.get('load');
  if (power && power.energyUj.low > 0) return power;
  const problem = `The meter ${meter.id} sees no difference between the load and idling.`;
  throw new BitbudgetError('unsupported', problem, 'Measure for longer, or with a meter nearer to the processor.');
}

/**
 * Measures what several loads take above idle, in rounds over all of them, so that drift meets them alike. The number of
 * rounds is fixed: stopping once an interval is narrow would pick intervals that are narrow by luck.
 *
 * @returns by name; a load that the meter told too little of is missing.
 */
export async function measurePowers(
  meter: EnergyMeter,
  loads: readonly PowerLoad[],
  surroundings: MeterSurroundings,
  { plan, seed, onShare }: { plan: PowerPlan; seed?: number; onShare?: (done: number) => void },
): Promise<Map<string, LoadPower>> {
  const recorder = new PowerRecorder(meter, surroundings, plan, seed);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, load] of loads.entries()) {
      await recorder.block(load);
      onShare?.((round * loads.length + i + 1) / (ROUNDS * loads.length));
    }
  }
  await recorder.finish();
  const known = loads.map(({ name }) => [name, recorder.power(name)] as const);
  return new Map(known.filter((pair): pair is [string, LoadPower] => pair[1] !== undefined));
}

/** How long loads have to run for a meter, which is watched for its update rate if that is not known. */
export async function planOf(meter: EnergyMeter, surroundings: MeterSurroundings): Promise<PowerPlan> {
  if (meter.updateMs !== undefined) return planFor(meter.updateMs);
  return planFor(await watchUpdates(meter as LiveMeter, surroundings));
}

/** The time between two changes of what a meter shows, the median of five. */
async function watchUpdates(meter: LiveMeter, { clock, pause, cancellation }: MeterSurroundings): Promise<number> {
  const changesNs: number[] = [];
  const startNs = clock.nowNs();
  let last = await meter.read();
  for (let looks = 0; looks * WATCH.everyMs < WATCH.mostMs && changesNs.length <= WATCH.changes; looks++) {
    await pause(WATCH.everyMs);
    if (cancellation.aborted) break;
    const now = await meter.read();
    if (now !== last) changesNs.push(clock.nowNs());
    last = now;
    if (clock.nowNs() - startNs > WATCH.mostMs * 1e6) break;
  }
  const gapsMs = changesNs.slice(1).map((ns, i) => (ns - changesNs[i]) / 1e6);
  if (gapsMs.length >= 2) return gapsMs.sort((a, b) => a - b)[gapsMs.length >> 1];
  const problem = `The meter ${meter.id} hardly moved for two minutes.`;
  throw new BitbudgetError(
    'unsupported',
    problem,
    'Choose another meter with `--energy`, or go on with `--energy off`.',
  );
}
