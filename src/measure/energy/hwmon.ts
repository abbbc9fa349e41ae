import { BitbudgetError } from '../../core/errors.ts';
import type { SystemReader } from '../../core/ports.ts';
import type { FoundMeter, LiveMeter } from './meter.ts';

const ROOT = 'sys/class/hwmon';
/** Chips that measure current over a shunt, by the name of their Linux driver. */
const CHIPS = new Set(['ina219', 'ina220', 'ina226', 'ina230', 'ina231', 'ina238', 'ina260', 'ina3221']);
/** Where the driver does not tell: the default conversion of both quantities, rounded up. */
const DEFAULT_UPDATE_MS = 10;
/** Current registers step by about 1 mA at the usual 5 V. */
const STEP_W = 0.005;

/** One channel of a chip: the files that it is read from. */
interface Channel {
  label: string;
  /** µW, where the chip multiplies itself. */
  power?: string;
  /** mA and mV, else. */
  current?: string;
  voltage?: string;
}

/**
 * Shunt monitors (INA219, INA226, INA3221 and their kin) that Linux shows under hwmon, found by the chip's name. Each
 * channel is a meter of its own: on boards with several, one is often the sum of the others. The scale is right only if
 * `shunt_resistor` is that of the board.
 */
export function findHwmon(system: SystemReader): FoundMeter[] {
  return system.list(ROOT).flatMap((folder, position) => {
    const path = `${ROOT}/${folder}`;
    const chip = system.text(`${path}/name`) ?? '';
    if (!CHIPS.has(chip)) return [];
    const update = Number(system.text(`${path}/update_interval`));
    const updateMs = update > 0 && update < 1e5 ? update : DEFAULT_UPDATE_MS;
    return channelsOf(system, path, chip).map((channel) => found(system, `${chip}-${position}`, channel, updateMs));
  });
}

function channelsOf(system: SystemReader, path: string, chip: string): Channel[] {
  const files = new Set(system.list(path));
  const numbers = chip === 'ina3221' ? [1, 2, 3] : [1];
  return numbers.flatMap((n): Channel[] => {
    if (system.text(`${path}/in${n}_enable`) === '0') return [];
    const label = system.text(`${path}/in${n}_label`) ?? (numbers.length > 1 ? `channel ${n}` : '');
    if (files.has(`power${n}_input`)) return [{ label, power: `${path}/power${n}_input` }];
    if (!files.has(`curr${n}_input`) || !files.has(`in${n}_input`)) return [];
    return [{ label, current: `${path}/curr${n}_input`, voltage: `${path}/in${n}_input` }];
  });
}

function found(system: SystemReader, chip: string, channel: Channel, updateMs: number): FoundMeter {
  const name = channel.label.replace(/[^\w.+-]+/g, '-');
  const facts = {
    id: `hwmon:${chip}${name ? `:${name}` : ''}`,
    source: 'hwmon' as const,
    description: channel.label ? `shunt monitor, ${channel.label}` : 'shunt monitor',
    updateMs,
  };
  const meter: LiveMeter = {
    ...facts,
    kind: 'live',
    quantity: 'power',
    step: STEP_W,
    read() {
      const watts = wattsOf(system, channel);
      if (watts !== undefined) return watts;
      const problem = `The meter ${facts.id} can no longer be read.`;
      throw new BitbudgetError(
        'unsupported',
        problem,
        'Check its wiring and driver, or choose another with `--energy`.',
      );
    },
  };
  const watts = wattsOf(system, channel);
  if (watts !== undefined) return { listing: { ...facts, status: 'ok' }, meter };
  return { listing: { ...facts, status: 'unusable', reason: 'its files cannot be read: check its wiring and driver' } };
}

/** A shunt that was soldered in backwards gives negative currents; only the size counts. */
function wattsOf(system: SystemReader, { power, current, voltage }: Channel): number | undefined {
  const number = (path: string) => Number(system.text(path) ?? Number.NaN);
  const watts = power ? number(power) / 1e6 : (number(current!) / 1e3) * (number(voltage!) / 1e3);
  return Number.isFinite(watts) ? Math.abs(watts) : undefined;
}
