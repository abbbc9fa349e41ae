import type { LutValidation } from '../lut/schema.ts';

/**
 * A prediction error for people.
 *
 * @example describeError({ networks: 20, medianRelativeError: 0.0123, p95RelativeError: 0.04, bias: -0.002, kendallTau: 0.97 }) // => '20 networks, median 1.2%, p95 4.0%, bias −0.2%, Kendall τ 0.970'
 */
export function describeError(error: LutValidation): string {
  const { networks, medianRelativeError, p95RelativeError, bias, kendallTau } = error;
  const tau = kendallTau === null ? '' : `, Kendall τ ${kendallTau.toFixed(3)}`;
  return `${networks} networks, median ${percent(medianRelativeError)}, p95 ${percent(p95RelativeError)}, bias ${percent(bias)}${tau}`;
}

/** Speeds of the machine that differ by less are the same. */
const SAME_SPEED = 0.03;

/**
 * What a changed speed of the machine means for predictions; nothing where it has not changed.
 *
 * @param slowdown how long fixed work takes, in multiples of what it took while the table was measured.
 * @example describeSlowdown(0.94) // => ['This machine is 6.0% faster than while the table was measured: profile again.']
 */
export function describeSlowdown(slowdown: number): string[] {
  const change = slowdown - 1;
  if (Math.abs(change) <= SAME_SPEED) return [];
  const remedy = change > 0 ? 'verify again when other work is gone, or profile again' : 'profile again';
  const much = `${percent(Math.abs(change))} ${change > 0 ? 'slower' : 'faster'}`;
  return [`This machine is ${much} than while the table was measured: ${remedy}.`];
}

/**
 * @example percent(-0.0123) // => '−1.2%'
 */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`.replace('-', '−');
}
