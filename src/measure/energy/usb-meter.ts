import { BitbudgetError } from '../../core/errors.ts';
import type { Files } from '../../core/ports.ts';
import { alignLog, toLoadNs } from './align.ts';
import type { LoadPattern } from './load-pattern.ts';
import type { LoggingMeter, MeterSurroundings } from './meter.ts';
import { PowerTrace } from './power-trace.ts';
import { type MeterLog, parseMeterLog } from './usb-log.ts';

/** Before there is a log to look at: USB meters give ten readings a second or more. */
const DEFAULT_UPDATE_MS = 100;
/** How long the log may take to arrive once the load is over. */
const PATIENCE_S = 300;
const LOOK_EVERY_S = 2;

/**
 * A meter in the supply line that writes its readings to a file on a clock of its own; see {@link parseMeterLog} for its
 * columns. The file may grow while the load runs, or be copied to its place within five minutes afterwards.
 */
export async function usbMeter(
  files: Pick<Files, 'readText' | 'exists'>,
  path: string,
  { pause, cancellation, onProgress }: Omit<MeterSurroundings, 'clock'>,
): Promise<LoggingMeter> {
  return {
    id: path,
    source: 'usb-meter',
    description: 'whole device, from a meter in its supply line',
    updateMs: await intervalMs(files, path),
    kind: 'logging',
    async trace(load) {
      let seen: string | undefined;
      let problem: BitbudgetError | undefined;
      for (let waitedS = 0; waitedS <= PATIENCE_S && !cancellation.aborted; waitedS += LOOK_EVERY_S) {
        if (waitedS > 0) {
          onProgress?.(`waiting for ${path} to hold the whole load`, waitedS / PATIENCE_S);
          await pause(LOOK_EVERY_S * 1e3);
        }
        try {
          const text = await files.readText(path);
          if (text === seen) continue;
          seen = text;
          return traceFrom(parseMeterLog(text, path), load, path);
        } catch (error) {
          if (!(error instanceof BitbudgetError)) throw error;
          problem = error; // perhaps it has not all been written yet
        }
      }
      const stopped = new BitbudgetError(
        'interrupted',
        'Waiting for the log was interrupted.',
        'Start again when ready.',
      );
      throw cancellation.aborted ? stopped : problem;
    },
  };
}

async function intervalMs(files: Pick<Files, 'readText' | 'exists'>, path: string): Promise<number> {
  if (!(await files.exists(path))) return DEFAULT_UPDATE_MS;
  try {
    const { timesS } = parseMeterLog(await files.readText(path), path);
    return Math.max(((timesS[timesS.length - 1] - timesS[0]) / (timesS.length - 1)) * 1e3, 1);
  } catch (error) {
    if (error instanceof BitbudgetError && /: [01] readings/.test(error.message)) return DEFAULT_UPDATE_MS;
    throw error; // a wrong heading is better told now than after the load
  }
}

/** @throws {BitbudgetError} `input` if the log does not show the load to its end. */
function traceFrom(log: MeterLog, load: LoadPattern, path: string): PowerTrace {
  const alignment = alignLog(log, load, path);
  const trace = new PowerTrace('power');
  for (const [i, timeS] of log.timesS.entries()) trace.add({ timeNs: toLoadNs(alignment, timeS), value: log.watts[i] });
  if (trace.endNs >= load.phases[load.phases.length - 1].endNs) return trace;
  throw new BitbudgetError(
    'input',
    `${path} ends before the load does.`,
    'Let the meter log until the measuring is done.',
  );
}
