import { InvalidArgumentError } from 'commander';
import { BitbudgetError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { achievementPick, bestPerBudget, kneePoint, paretoIndices } from '../search/index.ts';

/** One point that the user wants named: `knee`, `best:latency=0.5` or `wish:accuracy=0.9,latency=0.5`. */
export interface PickRequest {
  text: string;
  kind: 'knee' | 'best' | 'wish';
  values: Readonly<Record<string, number>>;
}

/** Points to pick from. Rows hold a value for each name, all minimised. */
export interface PickTable {
  names: readonly string[];
  /** Those of the names that the search minimised; the first is what `best` is best in. */
  objectives: readonly string[];
  /** Names of which users give and read the negative, such as an accuracy. */
  negated: readonly string[];
  rows: readonly (readonly number[])[];
}

const REMEDY = 'Write knee, best:latency=0.5 or wish:accuracy=0.9,latency=0.5.';

/**
 * @throws {InvalidArgumentError} for what is no pick.
 * @example parsePick('best:latency=0.5').values // => { latency: 0.5 }
 */
export function parsePick(text: string): PickRequest {
  const [kind, list, more] = text.split(':').map((part) => part.trim());
  const isKind = kind === 'knee' || kind === 'best' || kind === 'wish';
  if (!isKind || more !== undefined || (list === undefined) !== (kind === 'knee'))
    throw new InvalidArgumentError(REMEDY);
  return { text, kind, values: list === undefined ? {} : parseValues(list) };
}

/**
 * Numbers by name, such as `accuracy=0.9,latency=2`.
 *
 * @throws {InvalidArgumentError} for anything else, and for a name that comes twice.
 * @example parseValues('accuracy=0.9,latency=2') // => { accuracy: 0.9, latency: 2 }
 */
export function parseValues(text: string): Record<string, number> {
  const values = new Map<string, number>();
  for (const part of text.split(',')) {
    const [name, value, more] = part.split('=').map((piece) => piece.trim());
    const isValue = name && value && more === undefined && Number.isFinite(Number(value)) && !values.has(name);
    if (!isValue) throw new InvalidArgumentError('Write name=number with commas between, each name once.');
    values.set(name, Number(value));
  }
  return Object.fromEntries(values);
}

/**
 * @throws {BitbudgetError} `usage` for a name that is none of the known ones.
 */
export function checkNames(flag: string, values: Readonly<Record<string, number>>, known: readonly string[]): void {
  const wrong = Object.keys(values).find((name) => !known.includes(name));
  if (wrong === undefined) return;
  const guess = nearestName(wrong, known);
  const remedy = `${guess ? `Did you mean ${guess}? ` : ''}Use ${known.join(', ')}.`;
  throw new BitbudgetError('usage', `${flag} names "${wrong}", which this search does not have.`, remedy);
}

/** Checks picks before there is anything to pick from: `best` may name all that is known of a point, `wish` objectives. */
export function checkPicks(
  picks: readonly PickRequest[],
  names: readonly string[],
  objectives: readonly string[],
): void {
  for (const { kind, values } of picks) checkNames(`--pick ${kind}`, values, kind === 'wish' ? objectives : names);
}

/**
 * The row that is picked: of all rows for `best`, of the non-dominated ones otherwise; undefined where none is.
 *
 * @example pickRow(parsePick('knee'), { names: ['a', 'b'], objectives: ['a', 'b'], negated: [], rows: [[0, 9], [1, 1], [9, 0]] }) // => 1
 */
export function pickRow(
  { kind, values }: PickRequest,
  { names, objectives, negated, rows }: PickTable,
): number | undefined {
  const given = (name: string) => (negated.includes(name) ? -values[name] : values[name]);
  if (kind === 'best') {
    const budget = names.map((name) => (name in values ? given(name) : undefined));
    return bestPerBudget(rows, [budget], names.indexOf(objectives[0]))[0];
  }
  const columns = objectives.map((name) => names.indexOf(name));
  const points = rows.map((row) => columns.map((column) => row[column]));
  const frontRows = paretoIndices(points);
  const front = frontRows.map((row) => points[row]);
  const best = (k: number) => front.reduce((least, point) => Math.min(least, point[k]), Number.POSITIVE_INFINITY);
  const wish = objectives.map((name, k) => (name in values ? given(name) : best(k)));
  const position = kind === 'knee' ? kneePoint(front) : front.length > 0 ? achievementPick(front, { wish }) : undefined;
  return position === undefined ? undefined : frontRows[position];
}
