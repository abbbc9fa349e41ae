import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { LutConditions } from '../lut/schema.ts';
import type { SensorReading } from '../measure/sensors.ts';
import { readSystemText } from './device.ts';
import { folderEntries } from './system.ts';

/** Reads what may change a timing; every value that the platform does not tell is null. */
export interface ConditionsReader {
  conditions(): LutConditions;
  /** The first core's current frequency. */
  frequencyMhz(): number | null;
  /** @param thorough also ask commands, which takes milliseconds. */
  sensors(thorough: boolean): SensorReading;
}

/** Asks the firmware of a Raspberry Pi for its word on throttling, as `throttled=0x50005`; undefined where it cannot. */
export type AskFirmware = () => string | undefined;

/** Bits 0 to 3 of the Raspberry Pi firmware's word: under-voltage, frequency capped, throttled, soft temperature limit. */
const throttledNowMask = 0b1111;
/** The same since the board was started. */
const sinceBootShift = 16;
/** Ticks of /proc/stat are hundredths of a second on every Linux. */
const TICK_MS = 10;

/**
 * Conditions from the files of a Linux system under `root`. Where the system only counts throttling events, `throttled`
 * says whether the count has grown since the reader was made.
 */
export function conditionsReader(root = '/', askFirmware: AskFirmware = askVcgencmd): ConditionsReader {
  const eventsAtStart = throttleEvents(root);
  const isPi = readSystemText(root, 'sys/firmware/devicetree/base/model')?.startsWith('Raspberry Pi') ?? false;
  const word = (thorough: boolean) =>
    firmwareWord(readSystemText(root, 'sys/devices/platform/soc/soc:firmware/get_throttled')) ??
    (thorough && isPi ? firmwareWord(askFirmware()?.replace(/^throttled=(0x)?/, '')) : null);
  const wordAtStart = word(true);
  const throttled = (thorough: boolean) =>
    throttledSince(wordAtStart, word(thorough)) ?? grown(eventsAtStart, throttleEvents(root));
  return {
    conditions: () => ({
      governor: readSystemText(root, 'sys/devices/system/cpu/cpu0/cpufreq/scaling_governor') ?? null,
      tempC: hottestZoneC(root),
      throttled: throttled(true),
      load: readNumber(root, 'proc/loadavg'),
    }),
    frequencyMhz: () => {
      const kilohertz = readNumber(root, 'sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq');
      return kilohertz === null ? cpuinfoMhz(root) : kilohertz / 1000;
    },
    sensors: (thorough) => ({
      timeMs: performance.now(),
      throttled: throttled(thorough),
      frequencyMhz: quickestCoreMhz(root),
      tempC: hottestZoneC(root),
      ...processorTimes(root),
      ...ownTimes(root),
    }),
  };
}

function hottestZoneC(root: string): number | null {
  const zones = folderEntries(join(root, 'sys/class/thermal')).filter((name) => name.startsWith('thermal_zone'));
  const temperatures = zones
    .map((zone) => readNumber(root, `sys/class/thermal/${zone}/temp`))
    .filter((millidegrees): millidegrees is number => millidegrees !== null && millidegrees > 0);
  return temperatures.length === 0 ? null : Math.max(...temperatures) / 1000;
}

/** The core that works is the one with the highest frequency. */
function quickestCoreMhz(root: string): number | null {
  const kilohertz = cores(root)
    .map((core) => readNumber(root, `sys/devices/system/cpu/${core}/cpufreq/scaling_cur_freq`))
    .filter((khz) => khz !== null);
  return kilohertz.length === 0 ? null : Math.max(...kilohertz) / 1000;
}

function firmwareWord(text: string | undefined): number | null {
  const bits = text === undefined ? Number.NaN : Number.parseInt(text, 16);
  return Number.isNaN(bits) ? null : bits;
}

/** Whether the firmware throttles now, or has done so since the first word and no longer does. */
function throttledSince(before: number | null, now: number | null): boolean | null {
  if (now === null) return null;
  const newSinceBoot = (now >> sinceBootShift) & ~((before ?? now) >> sinceBootShift);
  return (now & throttledNowMask) !== 0 || (newSinceBoot & throttledNowMask) !== 0;
}

function askVcgencmd(): string | undefined {
  try {
    const output = execFileSync('vcgencmd', ['get_throttled'], { timeout: 1000, stdio: ['ignore', 'pipe', 'ignore'] });
    return output.toString('utf8').trim();
  } catch {
    return undefined; // another system on the board, or no permission
  }
}

function throttleEvents(root: string): number | null {
  const counts = cores(root)
    .map((core) => readNumber(root, `sys/devices/system/cpu/${core}/thermal_throttle/core_throttle_count`))
    .filter((count) => count !== null);
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}

function cores(root: string): string[] {
  return folderEntries(join(root, 'sys/devices/system/cpu')).filter((name) => /^cpu\d+$/.test(name));
}

function grown(before: number | null, now: number | null): boolean | null {
  return before === null || now === null ? null : now > before;
}

/** The first line of /proc/stat: user, nice, system, idle, waiting for input, interrupts, soft interrupts, stolen. */
function processorTimes(root: string): Pick<SensorReading, 'busyMs' | 'stolenMs' | 'processors'> {
  const text = readSystemText(root, 'proc/stat') ?? '';
  const ticks = /^cpu +(.+)$/m.exec(text)?.[1].split(' ').map(Number) ?? [];
  if (ticks.length < 8 || ticks.some(Number.isNaN)) return { busyMs: null, stolenMs: null, processors: null };
  const [user, nice, system, , , interrupts, softInterrupts, stolen] = ticks;
  return {
    busyMs: (user + nice + system + interrupts + softInterrupts) * TICK_MS,
    stolenMs: stolen * TICK_MS,
    processors: [...text.matchAll(/^cpu\d+ /gm)].length || null,
  };
}

/** Waiting is the second number of /proc/self/schedstat, ns, where the kernel keeps these statistics. */
function ownTimes(root: string): Pick<SensorReading, 'ownMs' | 'waitedMs'> {
  const { user, system } = process.cpuUsage();
  const waitedNs = Number(readSystemText(root, 'proc/self/schedstat')?.split(' ')[1] ?? Number.NaN);
  return { ownMs: (user + system) / 1e3, waitedMs: Number.isFinite(waitedNs) ? waitedNs / 1e6 : null };
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
