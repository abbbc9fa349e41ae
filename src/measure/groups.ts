import type { KernelVariant } from '../kernels/types.ts';
import { workloadKey } from '../network/workload.ts';
import { schemeBits } from '../quant/scheme.ts';
import type { TensorPlan } from '../quant/tensor-plan.ts';
import type { EntrySubject } from './reachable.ts';

/**
 * The variant that runs a layer in a scheme.
 *
 * @param unconditional without those that depend on the layer's weights.
 */
export type VariantOf = (subject: EntrySubject, layer: string, unconditional: boolean) => Pick<KernelVariant, 'id'>;

/**
 * The name of a measurement. Schemes that are served by the same kernel variant do the same work on the same workload,
 * byte for byte, so they share their samples; otherwise noise would make an alias look faster than the kernel that it is.
 * Only rescaling a shared input to fewer bits tells two of them apart.
 */
export function groupName({ workload, scheme }: EntrySubject, variant: string): string {
  return `${workloadKey(workload)}/${variant}${rescales({ workload, scheme }) ? '/rescaled' : ''}`;
}

/** Whether a layer brings a shared input to fewer bits. */
export function rescales({ workload, scheme }: EntrySubject): boolean {
  return workload.input === 'shared' && schemeBits(scheme).activationBits < 8;
}

/** Which entries are one measurement, for the layers of one network. */
export class MeasurementGroups {
  private readonly variantOf: VariantOf;

  constructor(variantOf: VariantOf) {
    this.variantOf = variantOf;
  }

  groupOf(subject: EntrySubject, layer: string, unconditional = false): string {
    return groupName(subject, this.variantOf(subject, layer, unconditional).id);
  }

  /** The groups of an entry: of each layer that can need it, with its weights and whatever they are. */
  ofEntry(subject: EntrySubject, layers: Iterable<string>): Set<string> {
    const groups = [...layers].flatMap((layer) => [this.groupOf(subject, layer), this.groupOf(subject, layer, true)]);
    return new Set(groups);
  }

  /** The group of each layer of a planned candidate, in execution order. */
  ofPlan(plan: TensorPlan, unconditional = false): string[] {
    return [...plan.workloads].map(([layer, workload]) =>
      this.groupOf({ workload, scheme: plan.schemes.get(layer)! }, layer, unconditional),
    );
  }
}
