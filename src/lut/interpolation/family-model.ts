import { medianSorted } from 'simple-statistics';
import type { Workload } from '../../network/workload.ts';
import {
  type CostFeatures,
  costFeatures,
  FEATURE_NAMES,
  type TileShape,
  tileShape,
  workloadPoint,
} from './features.ts';
import { nonNegativeLeastSquares } from './nonnegative.ts';

/** One measured workload of a kernel variant. */
export interface Observation {
  workload: Workload;
  us: number;
  /** Observations of one shape are held out together, whatever their formats. */
  shape: string;
}

/** What distinguishes one fit from another; chosen by held-out error. */
export interface FitSettings {
  features: readonly (keyof CostFeatures)[];
  /** Reach of the neighbours' residuals in octaves; 0: they are not looked at. */
  reach: number;
}

export interface FamilyModel {
  variant: string;
  settings: FitSettings;
  coefficients: readonly number[];
  observations: readonly Observation[];
  /** Microseconds. */
  predict(workload: Workload): number;
}

/** A kernel that served fewer shapes than this cannot be interpolated. */
export const LEAST_SHAPES = 3;

const FORMAT_FEATURES = ['inputU8', 'inputShared', 'inputF32', 'outputU8', 'outputF32', 'residual'] as const;
const FEATURE_SETS: readonly (readonly (keyof CostFeatures)[])[] = [
  ['paddedMacs'],
  ['call', 'paddedMacs'],
  ['call', 'paddedMacs', 'tiles'],
  ['call', 'paddedMacs', 'transformed'],
  ['call', 'paddedMacs', ...FORMAT_FEATURES],
  ['call', 'paddedMacs', 'tiles', 'transformed', ...FORMAT_FEATURES],
  FEATURE_NAMES,
];
const REACHES = [0, 0.5, 1.5];
/** Neighbours are trusted like this much evidence against them. */
const SHRINKAGE = 0.3;
/** Residuals beyond this many typical ones lose weight (Huber 1964). */
const HUBER = 2;
const REWEIGHTINGS = 5;
/** Held-out fits of one family; with more shapes several are left out at once. */
const MAXIMUM_FOLDS = 16;

/**
 * Fits the time of one kernel variant as a sum of its parts with non-negative rates (padded multiply-accumulates, tiles,
 * bytes in and out, …), least squares of the relative error, large residuals losing weight; what neighbours deviate from
 * the sum is carried over with their distance. Which parts count and how far neighbours reach is chosen by held-out error.
 *
 * @param observations of at least {@link LEAST_SHAPES} shapes.
 */
export function fitFamily(variant: string, observations: readonly Observation[]): FamilyModel {
  const settings = FEATURE_SETS.flatMap((features) => REACHES.map((reach) => ({ features, reach })));
  let best = { error: Number.POSITIVE_INFINITY, settings: settings[0] };
  for (const candidate of settings) {
    const errors = heldOutErrors(variant, observations, candidate);
    // every further part has to pay for itself, or small families would take all of them
    const error = meanOf(errors.map(Math.abs)) * (1 + (0.02 * candidate.features.length) / Math.sqrt(errors.length));
    if (error < best.error) best = { error, settings: candidate };
  }
  return fitWith(variant, observations, best.settings);
}

/** The fit with settings that are given. */
export function fitWith(variant: string, observations: readonly Observation[], settings: FitSettings): FamilyModel {
  const tile = tileShape(variant);
  const rows = observations.map(({ workload }) => row(workload, tile, settings));
  const times = observations.map(({ us }) => us);
  let weights = times.map((us) => us ** -2);
  let coefficients = nonNegativeLeastSquares(rows, times, weights);
  for (let round = 0; round < REWEIGHTINGS; round++) {
    const residuals = rows.map((values, i) => Math.abs(dot(values, coefficients) / times[i] - 1));
    const typical = medianSorted([...residuals].sort((a, b) => a - b));
    if (!(typical > 0)) break;
    weights = residuals.map((size, i) => Math.min(1, (HUBER * typical) / size) / times[i] ** 2);
    coefficients = nonNegativeLeastSquares(rows, times, weights);
  }
  const points = observations.map(({ workload }) => workloadPoint(workload));
  const logResiduals = rows.map((values, i) => Math.log(times[i] / Math.max(dot(values, coefficients), 1e-6)));
  return {
    variant,
    settings,
    coefficients,
    observations,
    predict(workload) {
      const base = Math.max(dot(row(workload, tile, settings), coefficients), 1e-6);
      if (settings.reach === 0) return base;
      const point = workloadPoint(workload);
      let sum = 0;
      let total = SHRINKAGE;
      for (const [i, other] of points.entries()) {
        const weight = Math.exp(-squaredDistance(point, other) / (2 * settings.reach ** 2));
        sum += weight * logResiduals[i];
        total += weight;
      }
      return base * Math.exp(sum / total);
    },
  };
}

/** ln(predicted / measured) of every observation, predicted without any of its own shape. */
export function heldOutErrors(variant: string, observations: readonly Observation[], settings: FitSettings): number[] {
  const errors = new Array<number>(observations.length).fill(0);
  for (const fold of foldsOf(observations)) {
    const rest = observations.filter((_, i) => !fold.has(i));
    if (rest.length === 0) return errors.fill(Number.POSITIVE_INFINITY);
    const model = fitWith(variant, rest, settings);
    for (const i of fold) errors[i] = Math.log(model.predict(observations[i].workload) / observations[i].us);
  }
  return errors;
}

/** Positions that are held out together: whole shapes, spread over at most {@link MAXIMUM_FOLDS} folds. */
export function foldsOf(observations: readonly Pick<Observation, 'shape'>[]): Set<number>[] {
  const shapes = [...new Set(observations.map(({ shape }) => shape))];
  const folds = Array.from({ length: Math.min(shapes.length, MAXIMUM_FOLDS) }, () => new Set<number>());
  const foldOf = new Map(shapes.map((shape, i) => [shape, folds[i % folds.length]]));
  for (const [i, { shape }] of observations.entries()) foldOf.get(shape)!.add(i);
  return folds;
}

function row(workload: Workload, tile: TileShape, { features }: FitSettings): number[] {
  const all = costFeatures(workload, tile);
  return features.map((name) => all[name]);
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
