import { join } from 'node:path';
import type { LutConditions } from '../lut/schema.ts';
import { readSystemText } from './device.ts';
import { folderEntries } from './system.ts';

/** Reads what may change a timing; every value that the platform does not tell is null. */
export interface ConditionsReader {
  conditions(): LutConditions;
  /** The first core's current frequency. */
  frequencyMhz(): number | null;
}

/** Bits 0 to 3 of the Raspberry Pi firmware's word: under-voltage, frequency capped, throttled, soft temperature limit. */
const throttledNowMask = 0b1111;

/**
 * Conditions from the files of a Linux system under `root`. Where the system only counts throttling events, `throttled`
 * says whether the count has grown since the reader was made.
 */
export function conditionsReader(root = '/'): ConditionsReader {
  const eventsAtStart = throttleEvents(root);
  return {
    conditions: () => ({
      governor: readSystemText(root, 'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor') ?? null,
      tempC: hottestZoneC(root),
      throttled: throttledNow(root) ?? grown(eventsAtStart, throttleEvents(root)),
      load: readNumber(root, 'proc/loadavg'),
    }),
    frequencyMhz: () => {
      const kilohertz = readNumber(root, 'sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq');
      return kilohertz === null ? cpuinfoMhz(root) : kilohertz / 1000;
    },
  };
}

function hottestZoneC(root: string): number | null {
  const zones = folderEntries(join(root, 'sys/class/thermal')).filter((name) => name.startsWith('thermal_zone'));
  const temperatures = zones
    .map((zone) => readNumber(root, `sys/class/thermal/${zone}/temp`))
    .filter((millidegrees): millidegrees is number => millidegrees !== null && millidegrees > 0);
  return temperatures.length === 0 ? null : Math.max(...temperatures) / 1000;
}

function throttledNow(root: string): boolean | null {
  const word = readSystemText(root, 'sys/devices/platform/soc/soc:firmware/get_throttled');
  const bits = word === undefined ? Number.NaN : Number.parseInt(word, 16);
  return Number.isNaN(bits) ? null : (bits & throttledNowMask) !== 0;
}

function throttleEvents(root: string): number | null {
  const cores = folderEntries(join(root, 'sys/devices/system/cpu')).filter((name) => /^cpu\d+$/.test(name));
  const counts = cores
    .map((core) => readNumber(root, `sys/devices/system/cpu/${core}/thermal_throttle/core_throttle_count`))
    .filter((count) => count !== null);
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}

function grown(before: number | null, now: number | null): boolean | null {
  return before === null || now === null ? null : now > before;
}

function cpuinfoMhz(root: string): number | null {
  const match = /^cpu MHz\s*:\s*([\d.]+)/m.exec(readSystemText(root, 'proc/cpuinfo') ?? '');
  return match ? Number(match[1]) : null;
}

/** The first number of a file. */
function readNumber(root: string, path: string): number | null {
  const value = Number.parseFloat(readSystemText(root, path) ?? '');
  return Number.isNaN(value) ? null : value;
}
