import { BitbudgetError } from '../../core/errors.ts';

/** A log of two days at 50 readings a second stays below. */
const MAXIMUM_ROWS = 10_000_000;

/** The columns that a log may have, by the unit that ends their names, and what makes them W, V, A or s. */
const COLUMNS = {
  time: { time_s: 1, time_ms: 1e-3, time_us: 1e-6, timestamp: 1 },
  power: { power_w: 1, power_mw: 1e-3, power_uw: 1e-6 },
  voltage: { voltage_v: 1, voltage_mv: 1e-3, voltage_uv: 1e-6 },
  current: { current_a: 1, current_ma: 1e-3, current_ua: 1e-6 },
} as const;

type Quantity = keyof typeof COLUMNS;

interface Column {
  position: number;
  factor: number;
}

/** A meter's log: its power over its own time. */
export interface MeterLog {
  timesS: number[];
  watts: number[];
}

/**
 * Reads the log of a USB power meter: one line of column names, then a reading a line, separated by commas, semicolons or
 * tabs; lines that start with # are skipped. Needed are a time (`time_s`, `time_ms`, `time_us`, or `timestamp` as
 * 2026-01-31T12:00:00.250Z or in seconds) and power (`power_w`, `power_mw`), or voltage and current (`voltage_v`,
 * `current_a`, or with `m` or `u` before the unit). Other columns are ignored. Negative power (a meter put in backwards)
 * loses its sign.
 *
 * @param name of the file, for messages.
 * @throws {BitbudgetError} `damaged-file` with the number of the first line that is wrong.
 * @example parseMeterLog('time_s,power_mw\n0,500\n0.1,750\n', 'log.csv') // => { timesS: [0, 0.1], watts: [0.5, 0.75] }
 */
export function parseMeterLog(text: string, name: string): MeterLog {
  const log: MeterLog = { timesS: [], watts: [] };
  let columns: ReturnType<typeof columnsOf> | undefined;
  let separator = ',';
  let lineNumber = 0;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end).trim();
    start = end < 0 ? text.length : end + 1;
    lineNumber++;
    if (line === '' || line.startsWith('#')) continue;
    if (!columns) {
      separator = line.includes(';') ? ';' : line.includes('\t') ? '\t' : ',';
      columns = columnsOf(line.split(separator), name);
      continue;
    }
    const cells = line.split(separator);
    // the writer may be in the middle of the last line
    if (end < 0 && cells.length < columns.count) break;
    const { timeS, watts } = readingOf(cells, columns, `${name}, line ${lineNumber}`);
    const last = log.timesS[log.timesS.length - 1];
    if (timeS < last) throw damaged(`${name}, line ${lineNumber}: the time goes back from ${last} s to ${timeS} s.`);
    if (log.timesS.push(timeS) > MAXIMUM_ROWS) throw damaged(`${name}: more than ${MAXIMUM_ROWS} readings.`);
    log.watts.push(watts);
  }
  if (log.timesS.length < 2) throw damaged(`${name}: ${log.timesS.length} readings.`);
  return log;
}

function columnsOf(names: readonly string[], file: string) {
  const tidy = names.map((name) => name.trim().replace(/^"|"$/g, '').toLowerCase());
  const find = (quantity: Quantity): Column | undefined => {
    for (const [name, factor] of Object.entries(COLUMNS[quantity])) {
      const position = tidy.indexOf(name);
      if (position >= 0) return { position, factor };
    }
    return undefined;
  };
  const [time, power, voltage, current] = [find('time'), find('power'), find('voltage'), find('current')];
  if (time && (power || (voltage && current))) return { count: tidy.length, time, power, voltage, current };
  const lacks = time ? 'power_w, nor voltage_v and current_a' : 'time_s nor timestamp';
  throw damaged(`${file}: no column ${lacks} among ${tidy.slice(0, 12).join(', ')}.`);
}

function readingOf(
  cells: readonly string[],
  { time, power, voltage, current }: ReturnType<typeof columnsOf>,
  place: string,
): { timeS: number; watts: number } {
  const number = ({ position, factor }: Column) => {
    const cell = (cells[position] ?? '').trim().replace(/^"|"$/g, '');
    const value = Number(cell) * factor;
    if (cell === '' || !Number.isFinite(value)) throw damaged(`${place}: "${cell}" is no number.`);
    return value;
  };
  const stamp = (cells[time.position] ?? '').trim().replace(/^"|"$/g, '');
  const timeS = isoSeconds(stamp) ?? number(time);
  return { timeS, watts: Math.abs(power ? number(power) : number(voltage!) * number(current!)) };
}

/**
 * Seconds of an ISO 8601 time since the start of 1970, were there no leap seconds and no time zones: only differences
 * count here.
 */
function isoSeconds(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d(?:[.,]\d+)?)(?:Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (!match) return undefined;
  const [year, month, day, hours, minutes] = match.slice(1, 6).map(Number);
  const seconds = Number(match[6].replace(',', '.'));
  // days since the first of March of the year 0, on which leap days come last
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 9 : month - 3;
  const days =
    365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((153 * m + 2) / 5) + day;
  return ((days - 719469) * 24 + hours) * 3600 + minutes * 60 + seconds;
}

function damaged(message: string): BitbudgetError {
  const remedy = 'docs/energy.md lists the columns that a log of a USB meter must have.';
  return new BitbudgetError('damaged-file', message, remedy);
}
