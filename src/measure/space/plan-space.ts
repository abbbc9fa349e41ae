import type { Random } from '../../core/random.ts';
import { runsUnconditionally } from '../../kernels/ranking.ts';
import { variantById, variantsFor } from '../../kernels/registry.ts';
import { planMeasurements } from '../../lut/interpolation/plan.ts';
import type { VariantFactsOf, WantedEntry } from '../../lut/interpolation/types.ts';
import { workloadKey } from '../../network/workload.ts';
import type { Bench } from '../surroundings.ts';

/** What measuring costs on this device, from a few trials. */
export interface MeasuringSpeed {
  /** Choosing the kernels of one workload. */
  raceS: number;
  /** One visit of a network: building, loading, running. */
  networkS: number;
  /** Layers of a network that a visit is of use for. */
  usefulLayers: number;
}

/** Of a time limit this share goes to entries that are held out. */
export const HELD_OUT_SHARE = 0.12;
const MOST_HELD_OUT = 80;

export interface SpacePlan {
  /** In order of their worth; what is not reached is interpolated. */
  measure: readonly WantedEntry[];
  /** Drawn at random from what is interpolated, and measured to show its error. */
  heldOut: readonly WantedEntry[];
}

export interface SpacePlanOptions {
  /** Samples of an entry. */
  visits: number;
  speed: MeasuringSpeed;
  /** Without it everything is measured. */
  timeMaxS: number | undefined;
  /** Of that time, seconds for entries that are held out. */
  heldOutS: number;
}

/**
 * Which entries of a space to measure in so many seconds, and which of those that are left over to measure to show how
 * wrong interpolation is.
 *
 * @param known keys of entries that need no measuring.
 */
export function planSpace(
  wanted: readonly WantedEntry[],
  known: ReadonlySet<string>,
  { visits, speed, timeMaxS, heldOutS }: SpacePlanOptions,
  random: Random,
): SpacePlan {
  const sharing = wanted.length / Math.max(1, new Set(wanted.map(({ workload }) => workloadKey(workload))).size);
  const entryS = speed.raceS / sharing + (visits * speed.networkS) / speed.usefulLayers;
  const secondsOf = () => entryS;
  const whole = planMeasurements(wanted, { timeMaxS, secondsOf, known });
  const room = Math.min(Math.floor(heldOutS / entryS), MOST_HELD_OUT);
  if (timeMaxS === undefined || whole.interpolate.length === 0 || room === 0) {
    return { measure: whole.measure, heldOut: [] };
  }
  const shorter = { timeMaxS: Math.max(0, timeMaxS - heldOutS), secondsOf, known };
  const { measure, interpolate } = planMeasurements(wanted, shorter);
  return { measure, heldOut: random.shuffle([...interpolate]).slice(0, room) };
}

/** What the kernels of this engine are for a workload: for interpolation, which knows none. */
export function kernelFacts({ engine }: { engine: Pick<Bench['engine'], 'limits'> }): VariantFactsOf {
  const limits = { ...engine.limits, approximate: true };
  return (id, workload, scheme) => {
    const variant = variantById(id);
    if (!variant || !variantsFor(workload, scheme, limits).includes(variant)) return undefined;
    return {
      scratchBytes: variant.scratchBytes(workload),
      packedBytes: variant.packedBytes(workload),
      always: runsUnconditionally(variant, workload, scheme),
    };
  };
}
