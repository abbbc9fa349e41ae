import { createEntry, entryKey } from '../entry-key.ts';
import type { HeldOutError, Lut, LutEntry, LutLatency } from '../schema.ts';
import { type Family, fitFamilies, scaledBytes } from './families.ts';
import { workloadKind, workloadPoint } from './features.ts';
import { assessErrors, errorsInTurn, errorsOf } from './held-out.ts';
import type { Prediction, VariantFactsOf, WantedEntry } from './types.ts';

export interface Interpolation {
  /** One for each wanted entry that the table lacks and that can be interpolated, marked `interpolated`. */
  entries: LutEntry[];
  /** Wanted entries that nothing in the table is near enough to. */
  missing: WantedEntry[];
  /** Null where too few entries were measured to leave any out. */
  heldOut: HeldOutError | null;
}

/** So many octaves outside of what was measured an entry is still extrapolated, at a price: */
const FARTHEST_OCTAVES = 1.5;
/** the interval widens by this share an octave. That is a judgement, no measurement. */
const WIDENING_PER_OCTAVE = 0.1;

/** Models of a table's kernels, fitted once. */
export interface Interpolator {
  /** Entries that it learnt from. */
  measured: number;
  /** Null where too few entries were measured to leave any out. */
  heldOut: HeldOutError | null;
  /** The entry of a workload that was not measured; undefined where nothing in the table is near enough. */
  entryOf(wanted: WantedEntry): LutEntry | undefined;
}

/**
 * Learns to price workloads that were not measured from those that were: for every kernel variant a model of its time is
 * fitted to the shapes it served (docs/tables.md), and a wanted entry gets the fastest prediction among the variants that
 * served its scheme for the same kind of work; where that one depends on the weights, the fastest that does not stands
 * beside it. Its interval is the 95% quantile of held-out errors, wider outside of what was measured. Entries that were
 * imported, interpolated or measured to be held out are not learnt from.
 *
 * @param factsOf what is known of the variants; scaled from the measured entries, and guessed from them, where absent.
 */
export function createInterpolator(table: Pick<Lut, 'entries'>, factsOf?: VariantFactsOf): Interpolator {
  const measured = table.entries.filter(({ trust }) => trust !== 'interpolated' && trust !== 'imported');
  const learnt = measured.filter(({ heldOut }) => !heldOut);
  const families = fitFamilies(learnt);
  const predict = (from: readonly Family[], wanted: WantedEntry) => fastest(predictions(from, wanted, factsOf));
  const { summary, boundOf } = assessErrors(
    errorsInTurn(learnt, families, predict),
    errorsOf(
      measured.filter(({ heldOut }) => heldOut),
      families,
      predict,
    ),
  );
  return {
    measured: learnt.length,
    heldOut: summary,
    entryOf(wanted) {
      const able = predictions(families, wanted, factsOf);
      const [first, unconditional] = [fastest(able), fastest(able.filter(({ facts }) => facts.always))];
      if (!first || !unconditional) return undefined;
      const latencyOf = ({ us, family, outside }: Prediction): LutLatency => {
        const factor = Math.exp(boundOf(family.name) + WIDENING_PER_OCTAVE * outside);
        const high = us * factor;
        return { median: us, low: us / factor, high, p95: high, count: family.model.observations.length };
      };
      return createEntry({
        ...wanted,
        variant: first.family.model.variant,
        variantSha256: first.family.sha256,
        latencyUs: latencyOf(first),
        ...(first !== unconditional && {
          unconditional: {
            variant: unconditional.family.model.variant,
            variantSha256: unconditional.family.sha256,
            latencyUs: latencyOf(unconditional),
            scratchBytes: unconditional.facts.scratchBytes,
          },
        }),
        scratchBytes: first.facts.scratchBytes,
        packedBytes: first.facts.packedBytes,
        trust: 'interpolated',
      });
    },
  };
}

/**
 * The wanted entries that a table lacks, interpolated as far as they can be; see {@link createInterpolator}.
 *
 * @example interpolateTable({ entries: [] }, []) // => { entries: [], missing: [], heldOut: null }
 */
export function interpolateTable(
  table: Pick<Lut, 'entries'>,
  wanted: Iterable<WantedEntry>,
  factsOf?: VariantFactsOf,
): Interpolation {
  const interpolator = createInterpolator(table, factsOf);
  const known = new Set(table.entries.map(({ key }) => key));
  const entries: LutEntry[] = [];
  const missing: WantedEntry[] = [];
  for (const { workload, scheme } of wanted) {
    const one = { workload, scheme };
    const key = entryKey(workload, scheme);
    if (known.has(key)) continue;
    known.add(key);
    const entry = interpolator.entryOf(one);
    if (entry) entries.push(entry);
    else missing.push(one);
  }
  return { entries, missing, heldOut: interpolator.heldOut };
}

/** Of every family that served the scheme for the same kind of work, and can run this one. */
function predictions(
  families: readonly Family[],
  { workload, scheme }: WantedEntry,
  factsOf: VariantFactsOf | undefined,
): Prediction[] {
  const kind = workloadKind(workload);
  const point = workloadPoint(workload);
  return families.flatMap((family): Prediction[] => {
    if (family.kind !== kind || !family.schemes.has(scheme)) return [];
    const outside = octavesOutside(point, family);
    if (outside > FARTHEST_OCTAVES) return [];
    const facts = factsOf
      ? factsOf(family.model.variant, workload, scheme)
      : { ...scaledBytes(family, workload), always: !family.conditional.has(scheme) };
    return facts ? [{ family, us: family.model.predict(workload), outside, facts }] : [];
  });
}

function fastest(predicted: readonly Prediction[]): Prediction | undefined {
  return predicted.reduce<Prediction | undefined>((best, one) => (best && best.us <= one.us ? best : one), undefined);
}

function octavesOutside(point: readonly number[], { lowest, highest }: Family): number {
  return point.reduce((sum, value, axis) => sum + Math.max(0, value - highest[axis], lowest[axis] - value), 0);
}
