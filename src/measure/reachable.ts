import { entryKey } from '../lut/entry-key.ts';
import { consumersOf } from '../network/shapes.ts';
import type { Network } from '../network/types.ts';
import type { Workload } from '../network/workload.ts';
import type { Scheme } from '../quant/scheme.ts';
import { planTensors, type TensorPlan, weightedLayers } from '../quant/tensor-plan.ts';

/** More neighbours than this and the combinations are sampled by the profile's own networks instead. */
const MAXIMUM_NEIGHBOURS = 10;

/** What one LUT entry is about. */
export interface EntrySubject {
  workload: Workload;
  scheme: Scheme;
}

/** An entry that candidates of a network can need. */
export interface ReachableEntry extends EntrySubject {
  /** The layers that can need it. */
  layers: Set<string>;
}

/** LUT key of one layer of a planned candidate. */
export function layerKey(plan: TensorPlan, layer: string): string {
  return entryKey(plan.workloads.get(layer)!, plan.schemes.get(layer)!);
}

/**
 * Every LUT entry, by key, that some assignment of the given schemes to the layers of a network can need. A layer's workload
 * depends on whether its neighbours compute in integers or in f32, so all combinations of those are gone through.
 */
export function reachableEntries(folded: Network, schemes: readonly Scheme[]): Map<string, ReachableEntry> {
  const integer = schemes.find((scheme) => scheme !== 'f32');
  const classes: Scheme[] = [...(integer ? [integer] : []), ...(schemes.includes('f32') ? (['f32'] as const) : [])];
  const integerSchemes = schemes.filter((scheme) => scheme !== 'f32');
  const weighted = weightedLayers(folded);
  const entries = new Map<string, ReachableEntry>();
  for (const layer of folded.layers) {
    const neighbours = neighbourhood(folded, layer.name);
    for (const pattern of combinations(neighbours.slice(0, MAXIMUM_NEIGHBOURS), classes)) {
      const assignment = new Map(weighted.map((name) => [name, pattern.get(name) ?? classes[0]]));
      const plan = planTensors(folded, assignment);
      const workload = plan.workloads.get(layer.name)!;
      const own = plan.schemes.get(layer.name)!;
      const served = own === 'f32' || own === 'u8' ? [own] : integerSchemes;
      for (const scheme of served) {
        const key = entryKey(workload, scheme);
        const known = entries.get(key);
        if (known) known.layers.add(layer.name);
        else entries.set(key, { workload, scheme, layers: new Set([layer.name]) });
      }
    }
  }
  return entries;
}

/**
 * Those of the given schemes in which a table holds everything that candidates of a network can need: a table may be of
 * several networks, measured in other schemes each. All of them where there is none, so that what is missing gets named.
 *
 * @param keys of the table's entries.
 */
export function measuredSchemes(
  folded: Network,
  schemes: readonly Scheme[],
  keys: ReadonlySet<string>,
): readonly Scheme[] {
  let kept = schemes;
  for (
    let missing = missingSchemes(folded, kept, keys);
    missing.size > 0;
    missing = missingSchemes(folded, kept, keys)
  ) {
    // without f32 its neighbours need fewer entries: drop it first
    kept = kept.filter((scheme) => (missing.has('f32') ? scheme !== 'f32' : !missing.has(scheme)));
    if (kept.length === 0) return schemes;
  }
  return kept;
}

function missingSchemes(folded: Network, schemes: readonly Scheme[], keys: ReadonlySet<string>): Set<Scheme> {
  const missing = [...reachableEntries(folded, schemes)].filter(
    ([key, { scheme }]) => scheme !== 'u8' && !keys.has(key),
  );
  return new Set(missing.map(([, { scheme }]) => scheme));
}

/** The layers with weights whose class decides how the tensors around a layer are stored. */
function neighbourhood(folded: Network, name: string): string[] {
  const consumers = consumersOf(folded.layers);
  const byName = new Map(folded.layers.map((layer) => [layer.name, layer]));
  const found = new Set<string>();
  const visit = (layer: string) => {
    const { op } = byName.get(layer)!;
    if (op === 'conv2d' || op === 'dense') found.add(layer);
    else for (const reader of consumers.get(layer) ?? []) visit(reader);
  };
  const visited = new Set<string>();
  // a tensor whose format the model prescribes is also stored as what made it wants it
  const visitMaker = (tensor: string) => {
    const maker = byName.get(tensor);
    if (!maker?.stored || visited.has(tensor)) return;
    visited.add(tensor);
    visit(tensor);
    if (!found.has(tensor)) maker.inputs.forEach(visitMaker);
  };
  visit(name);
  for (const tensor of [...byName.get(name)!.inputs, name]) {
    for (const reader of consumers.get(tensor) ?? []) {
      visit(reader);
      visitMaker(reader);
    }
    visitMaker(tensor);
  }
  return [...found];
}

function* combinations(names: readonly string[], classes: readonly Scheme[]): Generator<Map<string, Scheme>> {
  const total = classes.length ** names.length;
  for (let index = 0; index < total; index++) {
    const pattern = new Map<string, Scheme>();
    let rest = index;
    for (const name of names) {
      pattern.set(name, classes[rest % classes.length]);
      rest = Math.floor(rest / classes.length);
    }
    yield pattern;
  }
}
