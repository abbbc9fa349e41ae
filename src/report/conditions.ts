/** How known conditions read in a sentence. */
const WORDED: Record<string, (value: string | number | boolean) => string> = {
  governor: (value) => `${value} governor`,
  tempC: (value) => `${value} °C`,
  throttled: (value) => (value ? 'throttled' : 'not throttled'),
  load: (value) => `load ${value}`,
};

/**
 * The conditions of a measurement in words; what the platform did not tell is left out.
 *
 * @example describeConditions({ governor: null, tempC: 48, throttled: false }) // => ['48 °C', 'not throttled']
 */
export function describeConditions(conditions: Readonly<Record<string, string | number | boolean | null>>): string[] {
  return Object.entries(conditions).flatMap(([name, value]) => {
    if (value === null) return [];
    return [Object.hasOwn(WORDED, name) ? WORDED[name](value) : `${name} ${value}`];
  });
}
