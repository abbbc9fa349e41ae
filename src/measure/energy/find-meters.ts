import { BitbudgetError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { Clock, Files, SystemReader } from '../../core/ports.ts';
import { findBatteries } from './battery.ts';
import { findHwmon } from './hwmon.ts';
import type { EnergyMeter, FoundMeter, LiveMeter, MeterSurroundings } from './meter.ts';
import { findPmic } from './pmic.ts';
import { findRapl } from './rapl.ts';
import { usbMeter } from './usb-meter.ts';

/** A slower meter is used only if it is asked for by name: a table would take hours. */
const AUTOMATIC_UPDATE_MS = 200;

/** All meters of this machine, those that cannot be used with the reason; the best for `auto` first. */
export async function findMeters(system: SystemReader, clock: Clock): Promise<FoundMeter[]> {
  const [pmic, batteries] = await Promise.all([findPmic(system), findBatteries(system)]);
  return [...findRapl(system, clock), ...findHwmon(system), ...pmic, ...batteries];
}

/**
 * The meter that `--energy` asks for: `auto` takes the best one that is quick enough, `off` none, a path that ends in
 * `.csv` the log of a USB meter, anything else the meter of that name.
 *
 * @returns undefined where there is none, and energy is modelled.
 * @throws {BitbudgetError} `usage` for a name that no meter has, `unsupported` for one that cannot be used here.
 */
export async function chooseMeter(
  choice: string,
  system: SystemReader,
  files: Pick<Files, 'readText' | 'exists'>,
  surroundings: MeterSurroundings,
): Promise<EnergyMeter | undefined> {
  if (choice === 'off') return undefined;
  if (choice.endsWith('.csv')) return usbMeter(files, choice, surroundings);
  const found = await findMeters(system, surroundings.clock);
  if (choice === 'auto') return quickest(found);
  const named = found.find(({ listing }) => listing.id === choice);
  if (named?.meter) return named.meter;
  if (named) {
    const problem = `The meter ${choice} cannot be used: ${named.listing.reason}.`;
    throw new BitbudgetError('unsupported', problem, '`bitbudget doctor` lists the meters of this machine.');
  }
  const ids = ['auto', 'off', ...found.map(({ listing }) => listing.id)];
  const close = nearestName(choice, ids);
  throw new BitbudgetError(
    'usage',
    `This machine has no meter "${choice}".${close ? ` Did you mean ${close}?` : ''}`,
    `Use one of ${ids.join(', ')}, or the .csv file of a USB meter's log.`,
  );
}

/** The first kind that is quick enough; of a chip with several channels the one with the most power, their input. */
async function quickest(found: readonly FoundMeter[]): Promise<EnergyMeter | undefined> {
  const usable = found.flatMap(({ meter }) => (meter ? [meter] : []));
  const quick = usable.filter(({ updateMs }) => updateMs !== undefined && updateMs <= AUTOMATIC_UPDATE_MS);
  const first = quick[0];
  if (first?.source !== 'hwmon') return first;
  const channels = quick.filter((meter): meter is LiveMeter => meter.source === 'hwmon' && meter.kind === 'live');
  const watts = await Promise.all(channels.map((meter) => meter.read()));
  return channels[watts.indexOf(Math.max(...watts))];
}
