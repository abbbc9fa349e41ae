import { BitbudgetError } from '../core/errors.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';

/** A reader of one flag's text; the flag's name is for the message. */
export type FlagReader<T> = (flag: string) => (text: string) => T;

function invalid(flag: string, text: string, expected: string): BitbudgetError {
  return new BitbudgetError('usage', `--${flag} is "${text}".`, `Give ${expected}.`);
}

/**
 * Whole numbers from `low` to `high`.
 *
 * @example wholeNumber(1, 64)('threads')('4') // => 4
 */
export function wholeNumber(low: number, high: number): FlagReader<number> {
  return (flag) => (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw invalid(flag, text, `a whole number from ${low} to ${high}`);
  };
}

/** Numbers above zero. */
export const positiveNumber: FlagReader<number> = (flag) => (text) => {
  const value = readNumber(text);
  if (value > 0) return value;
  throw invalid(flag, text, 'a number above 0');
};

/**
 * A share, written as a number or with a per cent sign.
 *
 * @example share('max-error')('5%') // => 0.05
 */
export const share: FlagReader<number> = (flag) => (text) => {
  const value = text.endsWith('%') ? readNumber(text.slice(0, -1)) / 100 : readNumber(text);
  if (value > 0 && value <= 1) return value;
  throw invalid(flag, text, 'a share such as 5% or 0.05');
};

/** One bound for all devices, or one for each device by name. */
export type Budget = number | Record<string, number>;

/**
 * A bound on a metric: one number, or one for each device.
 *
 * @example budget('latency-budget-ms')('rpi4=20,pixel=8') // => { rpi4: 20, pixel: 8 }
 */
export const budget: FlagReader<Budget> = (flag) => (text) => {
  if (readNumber(text) > 0) return readNumber(text);
  const pairs = text.split(',').map((part) => /^([\w-]+)=(.+)$/.exec(part.trim()));
  if (!pairs.every((pair) => pair && readNumber(pair[2]) > 0)) {
    throw invalid(flag, text, 'a number above 0, or one for each device such as rpi4=20,pixel=8');
  }
  return Object.fromEntries(pairs.map((pair) => [pair![1], readNumber(pair![2])]));
};

/**
 * Schemes with commas between; `f32` or `wXaY`.
 *
 * @example schemes('schemes')('f32,w8a8,w4a4') // => ['f32', 'w8a8', 'w4a4']
 */
export const schemes: FlagReader<Scheme[]> = (flag) => (text) => {
  const names = uniqueNames(flag, text);
  for (const name of names) schemeBits(name);
  if (names.includes('u8')) throw invalid(flag, text, 'f32 or wXaY; u8 is of layers without weights');
  return names as Scheme[];
};

/**
 * Bit widths with commas between; all pairs of them, and f32, become schemes.
 *
 * @example bits('bits')('2,8') // => ['f32', 'w8a8', 'w8a2', 'w2a8', 'w2a2']
 */
export const bits: FlagReader<Scheme[]> = (flag) => (text) => {
  const widths = uniqueNames(flag, text).map((name) => wholeNumber(1, 8)(flag)(name));
  widths.sort((a, b) => b - a);
  return ['f32', ...widths.flatMap((w) => widths.map((a): Scheme => `w${w}a${a}`))];
};

/**
 * Names with commas between, each once.
 *
 * @example nameList('objectives')('accuracy, latency') // => ['accuracy', 'latency']
 */
export const nameList: FlagReader<string[]> = (flag) => (text) => uniqueNames(flag, text);

function uniqueNames(flag: string, text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '') && new Set(names).size === names.length) return names;
  throw invalid(flag, text, 'names with commas between, each once');
}

function readNumber(text: string): number {
  return /^\d*\.?\d+(?:e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
}
