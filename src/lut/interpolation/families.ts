import type { Workload } from '../../network/workload.ts';
import type { Scheme } from '../../quant/scheme.ts';
import type { LutEntry } from '../schema.ts';
import { shapeKey } from '../shape-key.ts';
import { type FamilyModel, fitFamily, LEAST_SHAPES, type Observation } from './family-model.ts';
import { tileShape, workloadKind, workloadPoint } from './features.ts';

/** The measurements of one kernel variant for one kind of work, and the model of its time. */
export interface Family {
  name: string;
  model: FamilyModel;
  kind: string;
  sha256: string;
  /** The schemes that it was the fastest for, or the fastest whatever the weights are. */
  schemes: ReadonlySet<Scheme>;
  /** Those for which it depended on the weights. */
  conditional: ReadonlySet<Scheme>;
  /** Of its shapes, along each axis of `workloadPoint`. */
  lowest: readonly number[];
  highest: readonly number[];
  served: readonly Served[];
}

/** One entry, or one entry's kernel that runs whatever the weights are. */
interface Served {
  workload: Workload;
  scheme: Scheme;
  us: number;
  conditional: boolean;
  scratchBytes: number;
  /** Absent for the second kernel of an entry, of which it is not known. */
  packedBytes?: number;
}

/** Fits every kernel that served at least {@link LEAST_SHAPES} shapes of one kind. */
export function fitFamilies(entries: readonly LutEntry[]): Family[] {
  const groups = new Map<string, { variant: string; sha256: string; kind: string; served: Served[] }>();
  const add = (variant: string, sha256: string, served: Served) => {
    const kind = workloadKind(served.workload);
    const name = `${variant} ${sha256} ${kind}`;
    const group = groups.get(name);
    if (group) group.served.push(served);
    else groups.set(name, { variant, sha256, kind, served: [served] });
  };
  for (const { workload, scheme, variant, variantSha256, latencyUs, unconditional, ...bytes } of entries) {
    const { scratchBytes, packedBytes } = bytes;
    const conditional = unconditional !== undefined;
    add(variant, variantSha256, { workload, scheme, us: latencyUs.median, conditional, scratchBytes, packedBytes });
    if (!unconditional?.variantSha256) continue;
    const second = { us: unconditional.latencyUs.median, conditional: false };
    const own = { scratchBytes: unconditional.scratchBytes ?? scratchBytes };
    add(unconditional.variant, unconditional.variantSha256, { workload, scheme, ...second, ...own });
  }
  return [...groups].flatMap(([name, { variant, sha256, kind, served }]): Family[] => {
    const observations = observationsOf(served);
    if (shapeCount(observations) < LEAST_SHAPES) return [];
    const points = observations.map(({ workload }) => workloadPoint(workload));
    const along = points[0].map((_, axis) => points.map((point) => point[axis]));
    return [
      {
        ...{ name, kind, sha256, served },
        model: fitFamily(variant, observations),
        schemes: new Set(served.map(({ scheme }) => scheme)),
        conditional: new Set(served.flatMap(({ scheme, conditional }) => (conditional ? [scheme] : []))),
        lowest: along.map((values) => Math.min(...values)),
        highest: along.map((values) => Math.max(...values)),
      },
    ];
  });
}

/** How many different shapes a family was measured for. */
export function shapeCount(observations: readonly Pick<Observation, 'shape'>[]): number {
  return new Set(observations.map(({ shape }) => shape)).size;
}

/** Aliases share their samples and are one observation. */
function observationsOf(served: readonly Served[]): Observation[] {
  const seen = new Map<string, Observation>();
  for (const { workload, us } of served) {
    const observation = { workload, us, shape: shapeKey(workload, '') };
    seen.set(`${JSON.stringify(workload)} ${us}`, observation);
  }
  return [...seen.values()];
}

/** Packed weights go with whole panels, scratch with the input; the measured entry that needs most for its size decides. */
export function scaledBytes(
  { served, model }: Family,
  workload: Workload,
): { scratchBytes: number; packedBytes: number } {
  const { channels } = tileShape(model.variant);
  const weights = ({ outChannels, inChannels, groups, kernel, op }: Workload) =>
    op === 'conv2d' || op === 'dense'
      ? Math.ceil(outChannels / channels) * channels * (inChannels / groups) * kernel[0] * kernel[1]
      : 0;
  const inputs = ({ height, width, inChannels }: Workload) => height * width * inChannels;
  const most = (bytes: (of: Served) => number, size: (of: Workload) => number) =>
    Math.max(...served.map((one) => (size(one.workload) > 0 ? bytes(one) / size(one.workload) : 0)));
  return {
    scratchBytes: Math.ceil(most(({ scratchBytes }) => scratchBytes, inputs) * inputs(workload)),
    packedBytes: Math.ceil(most(({ packedBytes }) => packedBytes ?? 0, weights) * weights(workload)),
  };
}
