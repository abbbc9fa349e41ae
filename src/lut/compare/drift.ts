/** One measurement that both tables hold. */
export interface PairedMeasurement {
  /** ln(median of B / median of A). */
  logRatio: number;
  /** Standard errors of it where it is above and below what it is compared with. */
  errorAbove: number;
  errorBelow: number;
  /** The kernel that was measured. */
  variant: string;
}

/** What two sessions differ in as a whole. Logarithms throughout. */
export interface Drift {
  /** Of the factor between the sessions. */
  centre: number;
  /** Standard error of it. */
  error: number;
  /** Standard deviation, from session to session, that the samples of one session do not show. */
  spread: number;
  /** Degrees of freedom that the spread is known with. */
  degrees: number;
}

/** Median of |z| of a standard normal variable. */
const NORMAL_MEDIAN = 0.6744897501960817;
/** The standard error of a median of normal values is this many times that of their mean: √(π/2). */
const MEDIAN_INEFFICIENCY = Math.sqrt(Math.PI / 2);
/** The share of each kernel's measurements, the most precise, that the spread is read from: wide intervals hide it. */
const PRECISE_SHARE = 0.5;
/** A kernel with fewer measurements is compared with the centre of all. */
const LEAST_FOR_OWN_CENTRE = 4;
/** A median deviation tells as much of the spread as 37% of the values would by their standard deviation. */
const MEDIAN_DEVIATION_EFFICIENCY = 0.37;
/** With fewer measurements in common, a change of some cannot be told from a drift of all. */
export const LEAST_FOR_DRIFT = 8;
const BISECTIONS = 60;

/**
 * The factor between two sessions and how much entries scatter around it beyond their own sampling error, both estimated
 * from the bulk of the entries so that those that really changed do not count: an empirical null distribution (Efron,
 * Large-scale simultaneous hypothesis testing, 2004). The centre is a weighted median of the log ratios, in
 * which a kernel's vote grows with the square root of its entries, so that one kernel cannot pass its own change off as
 * the machine's; the spread is what makes the median of |deviation| / error that of a normal variable.
 *
 * @returns no drift at all for fewer than {@link LEAST_FOR_DRIFT} measurements.
 */
export function estimateDrift(pairs: readonly PairedMeasurement[]): Drift {
  if (pairs.length < LEAST_FOR_DRIFT) return { centre: 0, error: 0, spread: 0, degrees: 1 };
  const entriesOf = new Map<string, number>();
  for (const { variant } of pairs) entriesOf.set(variant, (entriesOf.get(variant) ?? 0) + 1);
  const weights = pairs.map(({ variant }) => 1 / Math.sqrt(entriesOf.get(variant)!));
  const centre = weightedMedian(
    pairs.map(({ logRatio }) => logRatio),
    weights,
  );
  const { spread, degrees } = sessionSpread(pairs, centre);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const effectiveCount = sum ** 2 / weights.reduce((total, weight) => total + weight ** 2, 0);
  const deviations = pairs.map(({ logRatio }) => Math.abs(logRatio - centre));
  const deviation = weightedMedian(deviations, weights) / NORMAL_MEDIAN;
  return { centre, error: (MEDIAN_INEFFICIENCY * deviation) / Math.sqrt(effectiveCount), spread, degrees };
}

/** The sampling error of a pair on the side that faces a value. */
export function errorTowards({ logRatio, errorAbove, errorBelow }: PairedMeasurement, value: number): number {
  return logRatio > value ? errorAbove : errorBelow;
}

/**
 * Read from how the entries of one kernel scatter around their own median, so that a kernel that changed as a whole does
 * not hide in it.
 */
function sessionSpread(pairs: readonly PairedMeasurement[], centre: number): { spread: number; degrees: number } {
  const residuals = withinKernels(pairs, centre);
  if (residuals.length === 0) return { spread: 0, degrees: 1 };
  const typical = (spread: number) =>
    medianOf(residuals.map(({ distance, error }) => distance / Math.hypot(error, spread)));
  const degrees = Math.max(1, MEDIAN_DEVIATION_EFFICIENCY * residuals.length);
  let low = 0;
  let high = Math.max(...residuals.map(({ distance }) => distance)) / NORMAL_MEDIAN;
  if (!(typical(low) > NORMAL_MEDIAN)) return { spread: 0, degrees };
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (typical(middle) > NORMAL_MEDIAN) low = middle;
    else high = middle;
  }
  return { spread: high, degrees };
}

interface Residual {
  distance: number;
  error: number;
}

/** The most precise half of each kernel's measurements: behind wide intervals a spread is hidden. */
function withinKernels(pairs: readonly PairedMeasurement[], centre: number): Residual[] {
  const byVariant = new Map<string, PairedMeasurement[]>();
  for (const pair of pairs) byVariant.set(pair.variant, [...(byVariant.get(pair.variant) ?? []), pair]);
  return [...byVariant.values()].flatMap((own) => {
    const enough = own.length >= LEAST_FOR_OWN_CENTRE;
    const ownCentre = enough ? medianOf(own.map(({ logRatio }) => logRatio)) : centre;
    // a centre that was fitted to n values lies closer to them than the true one
    const widen = enough ? Math.sqrt(own.length / (own.length - 1)) : 1;
    const residuals = own.map((pair) => ({
      distance: widen * Math.abs(pair.logRatio - ownCentre),
      error: errorTowards(pair, ownCentre),
    }));
    return residuals.sort((x, y) => x.error - y.error).slice(0, Math.ceil(PRECISE_SHARE * own.length));
  });
}

function medianOf(values: readonly number[]): number {
  return weightedMedian(
    values,
    values.map(() => 1),
  );
}

/**
 * The value at which half of the weight is reached; between two values where it is met exactly.
 *
 * @param values at least one.
 * @example weightedMedian([1, 2, 10], [1, 1, 1]) // => 2
 */
export function weightedMedian(values: readonly number[], weights: readonly number[]): number {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const half = weights.reduce((sum, weight) => sum + weight, 0) / 2;
  let reached = 0;
  for (const [place, index] of order.entries()) {
    reached += weights[index];
    if (Math.abs(reached - half) <= 1e-12 * half && place + 1 < order.length) {
      return (values[index] + values[order[place + 1]]) / 2;
    }
    if (reached > half) return values[index];
  }
  return values[order[order.length - 1]];
}
