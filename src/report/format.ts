/**
 * Milliseconds with three digits behind the point; a duration too short for them keeps two digits that count.
 *
 * @example [1.23456, 0.000123, 0].map(formatMs) // => ['1.235', '0.00012', '0.000']
 */
export function formatMs(value: number): string {
  return fixed(value, 3);
}

/**
 * Millijoules with two digits behind the point, or two that count.
 *
 * @example [3.456, 0.0034].map(formatMj) // => ['3.46', '0.0034']
 */
export function formatMj(value: number): string {
  return fixed(value, 2);
}

function fixed(value: number, digits: number): string {
  if (value === 0 || Math.abs(value) >= 10 ** (1 - digits)) return value.toFixed(digits).replace('-', '−');
  return value.toFixed(Math.min(12, 1 - Math.floor(Math.log10(Math.abs(value))))).replace('-', '−');
}

/**
 * A share in percent, without the sign that a column's header already has.
 *
 * @example percentOf(0.87512) // => '87.5'
 */
export function percentOf(share: number): string {
  return (share * 100).toFixed(1).replace('-', '−');
}

/**
 * A share as a percentage with a true minus sign.
 *
 * @example formatPercent(-0.0512) // => '−5.1%'
 */
export function formatPercent(share: number): string {
  return `${percentOf(share)}%`;
}

/**
 * A difference in percent that always tells its direction.
 *
 * @example [0.0512, -0.0512, 0.0001].map(signedPercentOf) // => ['+5.1', '−5.1', '0.0']
 */
export function signedPercentOf(share: number): string {
  const text = percentOf(share).replace(/^−(?=0\.0$)/, '');
  return share > 0 && text !== '0.0' ? `+${text}` : text;
}

/**
 * @example formatKib(1536) // => '1.5'
 */
export function formatKib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}

/**
 * Weight and activation bits of a scheme, for narrow cells.
 *
 * @example briefScheme('w4a8') // => '4/8'
 */
export function briefScheme(scheme: string): string {
  const match = /^w(\d)a(\d)$/.exec(scheme);
  return match ? `${match[1]}/${match[2]}` : scheme;
}

/**
 * A whole number with its thousands apart.
 *
 * @example formatCount(12345) // => '12,345'
 */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
