import { BitbudgetError } from '../../core/errors.ts';
import type { SystemReader } from '../../core/ports.ts';
import type { FoundMeter, LiveMeter } from './meter.ts';

const COMMAND = ['vcgencmd', ['pmic_read_adc']] as const;
/** Asking takes a process of its own and some transfers over I²C: about so long. */
const UPDATE_MS = 30;
/** The channels resolve about 1 mA at 1 V. */
const STEP_W = 0.001;

/**
 * The power management chip of a Raspberry Pi 5: voltage times current, summed over the rails that report both. The 5 V
 * input and what hangs on USB have no current reading, so this is what the board's own rails deliver, less than a meter
 * in the supply line shows.
 */
export async function findPmic(system: SystemReader): Promise<FoundMeter[]> {
  const text = await system.command(...COMMAND);
  if (text === undefined || railsOf(text).length === 0) return []; // no Raspberry Pi, or one without current sensors
  const facts = {
    id: 'pmic',
    source: 'pmic' as const,
    description: 'rails of the board, without USB',
    updateMs: UPDATE_MS,
  };
  const meter: LiveMeter = {
    ...facts,
    kind: 'live',
    quantity: 'power',
    step: STEP_W,
    async read() {
      const now = await system.command(...COMMAND);
      const rails = railsOf(now ?? '');
      if (rails.length > 0) return rails.reduce((sum, { watts }) => sum + watts, 0);
      const problem = 'vcgencmd pmic_read_adc no longer reports the rails of the board.';
      throw new BitbudgetError('unsupported', problem, 'Run it by hand to see why, or go on with `--energy off`.');
    },
  };
  return [{ listing: { ...facts, status: 'ok' }, meter }];
}

/** One rail's power. */
export interface Rail {
  name: string;
  watts: number;
}

/**
 * The rails in the output of `vcgencmd pmic_read_adc` that have both a current (`VDD_CORE_A current(7)=0.83A`) and a
 * voltage (`VDD_CORE_V volt(15)=0.72V`), by name: the numbers in brackets are no order to rely on.
 *
 * @example railsOf('VDD_CORE_A current(7)=0.5A\nVDD_CORE_V volt(15)=0.8V') // => [{ name: 'VDD_CORE', watts: 0.4 }]
 */
export function railsOf(text: string): Rail[] {
  const amperes = new Map<string, number>();
  const volts = new Map<string, number>();
  for (const [, name, unit, value] of text.matchAll(
    /^\s*(\w+)_([AV])\s+(?:current|volt)\(\d+\)=(-?[\d.]+)[AV]\s*$/gm,
  )) {
    (unit === 'A' ? amperes : volts).set(name, Number(value));
  }
  return [...amperes]
    .filter(([name, current]) => Number.isFinite(current) && Number.isFinite(volts.get(name)))
    .map(([name, current]) => ({ name, watts: current * volts.get(name)! }));
}
