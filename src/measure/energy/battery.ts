import { BitbudgetError } from '../../core/errors.ts';
import type { SystemReader } from '../../core/ports.ts';
import type { FoundMeter, LiveMeter, MeterFacts } from './meter.ts';

const ROOT = 'sys/class/power_supply';
/** What a device that runs on a battery may take: outside, the unit must be another one. */
const PLAUSIBLE_W = { least: 0.05, most: 200 };
/** A gauge resolves about 1 mA at 4 V; how often it does so is found out by watching. */
const STEP_W = 0.004;

/** What a gauge says, in whatever units it uses. */
interface GaugeReading {
  /** `Discharging`, `Charging`, `Full`, `Not charging`. */
  status: string;
  current: number | undefined;
  voltage: number | undefined;
  /** µW, where a gauge gives power and no current. */
  power: number | undefined;
}

type Gauge = () => GaugeReading | undefined | Promise<GaugeReading | undefined>;

/** The gauges of a machine's batteries: those of Linux's power supplies, or else the one that Termux asks Android for. */
export async function findBatteries(system: SystemReader): Promise<FoundMeter[]> {
  const supplies = system.list(ROOT).filter((name) => system.text(`${ROOT}/${name}/type`) === 'Battery');
  const own = await Promise.all(
    supplies
      .filter((name) => system.text(`${ROOT}/${name}/scope`) !== 'Device') // that of a mouse
      .map((name) => found(`battery:${name}`, () => readSupply(system, name))),
  );
  const readable = own.filter((meter) => meter !== undefined);
  if (readable.length > 0) return readable;
  const termux = await found('battery:termux', () => readTermux(system));
  return termux ? [termux] : [];
}

async function found(id: string, gauge: Gauge): Promise<FoundMeter | undefined> {
  const facts: MeterFacts = {
    id,
    source: 'battery',
    description: 'whole device, from its battery',
    updateMs: undefined,
  };
  const reading = await gauge();
  if (!reading) return undefined; // Android hides these files from applications
  try {
    wattsOf(id, reading);
  } catch (error) {
    if (!(error instanceof BitbudgetError)) throw error;
    return { listing: { ...facts, status: 'unusable', reason: `${error.message} ${error.remedy}` } };
  }
  const meter: LiveMeter = {
    ...facts,
    kind: 'live',
    quantity: 'power',
    step: STEP_W,
    async read() {
      const now = await gauge();
      if (now) return wattsOf(id, now);
      throw refused(id, 'can no longer be read', 'Measure again, or go on with `--energy off`.');
    },
  };
  return { listing: { ...facts, status: 'ok' }, meter };
}

/**
 * The power that a battery gives. Signs differ between devices (some count what flows out as negative), and so do units
 * (µA or mA, µV or mV or V), so the direction is taken from the status and the units from what a device can take.
 *
 * @throws {BitbudgetError} `unsupported` on a charger, and for a gauge that stands at zero or makes no sense.
 * @example wattsOf('battery:BAT0', { status: 'Discharging', current: -500000, voltage: 4000000, power: undefined }) // => 2
 */
export function wattsOf(id: string, { status, current, voltage, power }: GaugeReading): number {
  if (status.toLowerCase() !== 'discharging') {
    const problem = `says "${status}": while the charger is connected it does not show what the device takes`;
    throw refused(id, problem, 'Unplug the charger and measure again.');
  }
  if (power !== undefined && current === undefined) return plausible(id, Math.abs(power) / 1e6);
  if (current === undefined || voltage === undefined) {
    throw refused(id, `gives no ${current === undefined ? 'current' : 'voltage'}`, 'Choose another meter.');
  }
  const volts = Math.abs(voltage) / (Math.abs(voltage) > 1e5 ? 1e6 : Math.abs(voltage) > 1e3 ? 1e3 : 1);
  const inMicro = (volts * Math.abs(current)) / 1e6;
  // 450 with 3.85 V is 1.7 mW in µA, less than any device takes with its processor on, and 1.7 W in mA
  return plausible(id, inMicro < PLAUSIBLE_W.least ? inMicro * 1e3 : inMicro);
}

function plausible(id: string, watts: number): number {
  if (watts >= PLAUSIBLE_W.least && watts <= PLAUSIBLE_W.most) return watts;
  const problem = `gives ${watts} W, which no running device takes from its battery`;
  throw refused(id, problem, 'Choose another meter: this gauge does not report the current.');
}

function refused(id: string, problem: string, remedy: string): BitbudgetError {
  return new BitbudgetError('unsupported', `The meter ${id} ${problem}.`, remedy);
}

function readSupply(system: SystemReader, name: string): GaugeReading | undefined {
  const path = `${ROOT}/${name}`;
  const number = (file: string) => numberOf(system.text(`${path}/${file}`));
  const [current, voltage, power] = [number('current_now'), number('voltage_now'), number('power_now')];
  if (current === undefined && power === undefined) return undefined;
  return { status: system.text(`${path}/status`) ?? 'Unknown', current, voltage, power };
}

/** `termux-battery-status` prints JSON; its voltage is in mV, its current in µA on most devices. */
async function readTermux(system: SystemReader): Promise<GaugeReading | undefined> {
  const text = await system.command('termux-battery-status', []);
  if (text === undefined) return undefined;
  try {
    const { status, current, voltage } = JSON.parse(text) as Record<string, unknown>;
    const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
    return { status: String(status), current: number(current), voltage: number(voltage), power: undefined };
  } catch {
    return undefined; // it prints a sentence where the Termux:API application is missing
  }
}

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}
