import type { KernelVariant } from '../kernels/types.ts';
import { entryKey } from '../lut/entry-key.ts';
import { workloadKey } from '../network/workload.ts';
import { schemeBits } from '../quant/scheme.ts';
import type { TensorPlan } from '../quant/tensor-plan.ts';
import type { EntrySubject } from './reachable.ts';

/**
 * Which entries are one measurement. Schemes that are served by the same kernel variant do the same work on the same
 * workload, byte for byte, so they share their samples; otherwise noise would make an alias look faster than the kernel
 * that it is. Only rescaling a shared input to fewer bits tells two of them apart.
 */
export class MeasurementGroups {
  private readonly variantOf: (subject: EntrySubject) => KernelVariant;
  private readonly names = new Map<string, string>();

  /** @param variantOf the variant that the engine runs a workload with. */
  constructor(variantOf: (subject: EntrySubject) => KernelVariant) {
    this.variantOf = variantOf;
  }

  groupOf(subject: EntrySubject): string {
    const key = entryKey(subject.workload, subject.scheme);
    let name = this.names.get(key);
    if (name === undefined) {
      const { workload, scheme } = subject;
      const rescales = workload.input === 'shared' && schemeBits(scheme).activationBits < 8;
      name = `${workloadKey(workload)}/${this.variantOf(subject).id}${rescales ? '/rescaled' : ''}`;
      this.names.set(key, name);
    }
    return name;
  }

  /** The group of each layer of a planned candidate, in execution order. */
  ofPlan(plan: TensorPlan): string[] {
    return [...plan.workloads].map(([layer, workload]) => this.groupOf({ workload, scheme: plan.schemes.get(layer)! }));
  }
}
