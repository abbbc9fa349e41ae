import { quantileSorted } from 'simple-statistics';
import type { HeldOutError, LutEntry } from '../schema.ts';
import { shapeKey } from '../shape-key.ts';
import { type Family, shapeCount } from './families.ts';
import { fitWith, foldsOf, LEAST_SHAPES } from './family-model.ts';
import type { Prediction, WantedEntry } from './types.ts';

/** The fastest of a list of families for an entry. */
export type Predict = (families: readonly Family[], wanted: WantedEntry) => Prediction | undefined;

/** One entry that was predicted without its own measurement. */
export interface EntryError {
  family: string;
  /** ln(predicted / measured). */
  log: number;
}

const COVERAGE = 0.95;
/** Fewer have no 95% quantile of their own. */
const ENOUGH = COVERAGE / (1 - COVERAGE);
/** Fewer entries that were drawn at random say less than all those that are left out in turn. */
const LEAST_RANDOM = 8;
/** No bound is smaller: a fit without any error is one of too few entries. */
const SMALLEST_BOUND = 1e-3;
/** Without any held-out error an entry is known to a factor of this. */
const UNKNOWN_FACTOR = 2;

/**
 * Leaves the measured shapes out in turn, fits every family anew without them and prices their entries as if they had not
 * been measured, choice of the kernel included.
 */
export function errorsInTurn(learnt: readonly LutEntry[], families: readonly Family[], predict: Predict): EntryError[] {
  const withShape = learnt.map((entry) => ({ entry, shape: shapeKey(entry.workload, '') }));
  return distinct(
    foldsOf(withShape).flatMap((fold) => {
      const shapes = new Set([...fold].map((i) => withShape[i].shape));
      const reduced = families.flatMap((family): Family[] => {
        const rest = family.model.observations.filter(({ shape }) => !shapes.has(shape));
        if (rest.length === family.model.observations.length) return [family];
        if (shapeCount(rest) < LEAST_SHAPES) return [];
        return [{ ...family, model: fitWith(family.model.variant, rest, family.model.settings) }];
      });
      return [...fold].map((i) => ({ entry: withShape[i].entry, predicted: predict(reduced, withShape[i].entry) }));
    }),
  );
}

/** Prices entries that no family has seen. */
export function errorsOf(entries: readonly LutEntry[], families: readonly Family[], predict: Predict): EntryError[] {
  return distinct(entries.map((entry) => ({ entry, predicted: predict(families, entry) })));
}

/** Aliases share their samples and are one error; entries that nothing is near enough to have none. */
function distinct(pairs: readonly { entry: LutEntry; predicted: Prediction | undefined }[]): EntryError[] {
  const errors = new Map<string, EntryError>();
  for (const { entry, predicted } of pairs) {
    if (!predicted) continue;
    const { key, latencyUs } = entry;
    const name = `${key.slice(0, key.lastIndexOf('/'))} ${latencyUs.median} ${predicted.us}`;
    errors.set(name, { family: predicted.family.name, log: Math.log(predicted.us / latencyUs.median) });
  }
  return [...errors.values()];
}

/**
 * What held-out errors say of all others: their summary, and for each family a bound on |ln(predicted / true)| that 95%
 * keep. Errors of shapes that are left out in turn give every family a bound of its own (Barber et al., Predictive
 * inference with the jackknife+, 2021); they are of shapes at the edges too, which the plan chose to be measured. Where
 * entries were drawn at random, their errors in multiples of these bounds say how far the bounds have to be stretched or
 * may shrink (Lei et al., Distribution-free predictive inference for regression, 2018, section 5.2).
 *
 * @param random errors of entries drawn at random from what is not measured otherwise.
 */
export function assessErrors(
  inTurn: readonly EntryError[],
  random: readonly EntryError[],
): { summary: HeldOutError | null; boundOf: (family: string) => number } {
  const ownBounds = new Map<string, number>();
  const inTurnBound = (family: string) => {
    let bound = ownBounds.get(family);
    if (bound === undefined) ownBounds.set(family, (bound = errorBound(inTurn, family)));
    return bound;
  };
  if (random.length < LEAST_RANDOM) {
    return { summary: summarize(inTurn, 'left out in turn'), boundOf: inTurnBound };
  }
  const stretch = conformalQuantile(random.map(({ family, log }) => Math.abs(log) / inTurnBound(family)));
  const factor = random.length >= ENOUGH ? stretch : Math.max(1, stretch);
  return { summary: summarize(random, 'random'), boundOf: (family) => inTurnBound(family) * factor };
}

/** A bound that 95% of the held-out errors keep; where the family has too few of its own, also those of all. */
function errorBound(errors: readonly EntryError[], family: string): number {
  const own = errors.filter((error) => error.family === family).map(({ log }) => Math.abs(log));
  const all = errors.map(({ log }) => Math.abs(log));
  if (all.length === 0) return Math.log(UNKNOWN_FACTOR);
  const ownBound = own.length > 0 ? conformalQuantile(own) : 0;
  return Math.max(own.length >= ENOUGH ? ownBound : Math.max(ownBound, conformalQuantile(all)), SMALLEST_BOUND);
}

function conformalQuantile(sizes: readonly number[]): number {
  const sorted = [...sizes].sort((a, b) => a - b);
  const rank = Math.ceil(COVERAGE * (sorted.length + 1));
  return sorted[Math.min(rank, sorted.length) - 1];
}

function summarize(errors: readonly EntryError[], how: HeldOutError['how']): HeldOutError | null {
  if (errors.length === 0) return null;
  const relative = errors.map(({ log }) => Math.exp(log) - 1).sort((a, b) => a - b);
  const sizes = relative.map(Math.abs).sort((a, b) => a - b);
  return {
    entries: errors.length,
    medianRelativeError: quantileSorted(sizes, 0.5),
    p95RelativeError: quantileSorted(sizes, 0.95),
    bias: quantileSorted(relative, 0.5),
    how,
  };
}
