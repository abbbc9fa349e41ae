import { assert } from '../core/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { scratchBytesOf } from '../kernels/parts.ts';
import { runsUnconditionally } from '../kernels/ranking.ts';
import { variantsFor } from '../kernels/registry.ts';
import type { KernelVariant } from '../kernels/types.ts';
import { createEntry } from '../lut/entry-key.ts';
import type { LutEntry, Trust } from '../lut/schema.ts';
import { groupName } from './groups.ts';
import type { ReachableEntry } from './reachable.ts';
import type { Summary } from './statistics.ts';
import { entryTrust } from './trust.ts';
import type { TunedVariants } from './tuned-variants.ts';

/** What makes entries doubtful beyond their own samples. */
export interface Doubt {
  throttled: boolean;
  /** Something speaks against all of them. */
  allNoisy: boolean;
  /** Variants that were still getting faster after they had been measured. */
  unwarmed: ReadonlySet<string>;
  /** Groups whose samples were not taken at the machine's own speed. */
  groups: ReadonlySet<string>;
  /** How far the device's speed moved meanwhile, relative: part of every interval. */
  drift: number;
  /** How much faster the device was seen to be at its best, relative: part of every interval's lower end. */
  belowBest: number;
  /** How wrong a time may be because the clock moves in steps, ns. */
  clockQuantumNs: number;
}

/** A variant with what it took in context. */
interface Measured {
  group: string;
  variant: KernelVariant;
  latencyUs: Summary;
}

/**
 * Makes the table's entries of the samples. An entry is served by what was fastest in context of all that can serve it:
 * where a wider scheme's variant came out ahead of the narrower one's, the narrower scheme becomes its alias. Of variants
 * that depend on weights only those count that run for one of the entry's layers, and the fastest that needs no such luck
 * stands beside them.
 */
export function summarizeEntries(
  { engine }: { engine: Pick<Engine, 'limits' | 'threads'> },
  summariesUs: ReadonlyMap<string, Summary>,
  tuned: Pick<TunedVariants, 'of'>,
  reachable: ReadonlyMap<string, ReachableEntry>,
  variantHashes: ReadonlyMap<string, string>,
  doubt: Doubt,
): Map<string, LutEntry> {
  const limits = { ...engine.limits, approximate: true };
  const entries = new Map<string, LutEntry>();
  for (const [key, entry] of reachable) {
    const { workload, scheme, layers } = entry;
    const runsSomewhere = new Set([...layers].map((layer) => tuned.of(entry, layer, false).id));
    const measured = variantsFor(workload, scheme, limits).flatMap((variant): Measured[] => {
      const group = groupName(entry, variant.id);
      const summary = summariesUs.get(group);
      return summary ? [{ group, variant, latencyUs: widen(summary, doubt) }] : [];
    });
    const unconditional = fastest(measured.filter(({ variant }) => runsUnconditionally(variant, workload, scheme)));
    if (!unconditional) continue; // time ran out
    const first = fastest(measured.filter((m) => m === unconditional || runsSomewhere.has(m.variant.id)))!;
    const { variant, latencyUs } = first;
    entries.set(
      key,
      createEntry({
        workload,
        scheme,
        variant: variant.id,
        variantSha256: hashOf(variant, variantHashes),
        latencyUs,
        ...(first !== unconditional && {
          unconditional: {
            variant: unconditional.variant.id,
            variantSha256: hashOf(unconditional.variant, variantHashes),
            latencyUs: unconditional.latencyUs,
            scratchBytes: scratchBytesOf(unconditional.variant, workload, engine.threads),
          },
        }),
        scratchBytes: scratchBytesOf(variant, workload, engine.threads),
        packedBytes: variant.packedBytes(workload),
        trust: trustOf(first, doubt),
      }),
    );
  }
  return entries;
}

/** The interval with what more samples do not shrink: the device's speed, which all have in common, and the clock's steps. */
function widen(summary: Summary, { drift, belowBest, clockQuantumNs }: Doubt): Summary {
  const { low, high } = summary;
  const stepUs = clockQuantumNs / 1e3;
  return {
    ...summary,
    low: Math.max(low / (1 + drift) / (1 + belowBest) - stepUs, 0),
    high: high * (1 + drift) + stepUs,
  };
}

function fastest(measured: readonly Measured[]): Measured | undefined {
  return measured.reduce<Measured | undefined>(
    (best, m) => (best && best.latencyUs.median <= m.latencyUs.median ? best : m),
    undefined,
  );
}

function trustOf({ group, variant, latencyUs }: Measured, doubt: Doubt): Trust {
  if (doubt.throttled) return 'throttled';
  return doubt.allNoisy || doubt.unwarmed.has(variant.id) || doubt.groups.has(group) ? 'noisy' : entryTrust(latencyUs);
}

function hashOf({ id }: KernelVariant, hashes: ReadonlyMap<string, string>): string {
  const hash = hashes.get(id);
  assert(hash, `kernel ${id} has a hash`);
  return hash;
}
