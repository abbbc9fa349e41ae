import { createEntry } from '../../src/lut/entry-key.ts';
import type { Lut, LutContent } from '../../src/lut/schema.ts';
import { completeLut, serializeLut } from '../../src/lut/serialize.ts';
import { workloadMacs } from '../../src/network/workload.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { readDevice, readEngine } from '../../src/node/device.ts';
import { kernelHashes } from '../../src/node/kernel-files.ts';
import { type Scheme, schemeBits } from '../../src/quant/scheme.ts';
import { createSearchSpace, reachableWorkloads, type SpaceConfigInput } from '../../src/space/index.ts';
import { HASH, latencyAround, tableFor, toyContent } from '../unit/lut/toy-table.ts';

/** Changes to a table before it is written. */
export interface TableChanges {
  device?: Partial<Lut['device']>;
  threads?: number;
  /** Hash of the kernel that every entry says it was measured with. */
  variantSha256?: string;
  /** How many times as long everything takes. */
  slowness?: number;
}

/**
 * The text of a sound table of resnet8 that says it was measured on this device with the kernels of this build; its times
 * are made up.
 */
export async function tableOfThisDevice(schemes: readonly Scheme[], changes: TableChanges = {}): Promise<string> {
  const { slowness = 1 } = changes;
  const content = tableFor(
    zooNetwork('resnet8'),
    schemes,
    (i, scheme) => slowness * (scheme === 'f32' ? 40 : Number(scheme.at(-1)) + (i % 3)),
  );
  return textOf(content, changes);
}

/** The same of all that designs of a space of resnet8 can need: a nanosecond for each thousand bit operations. */
export async function tableOfSpace(config: SpaceConfigInput): Promise<string> {
  const network = zooNetwork('resnet8');
  const wanted = reachableWorkloads(network, createSearchSpace(network, config));
  const entries = [...wanted.values()].map(({ workload, scheme }) => {
    const { weightBits, activationBits } = schemeBits(scheme);
    const us = 0.1 + (workloadMacs(workload) * weightBits * activationBits) / 1e6;
    const facts = { variant: '', variantSha256: HASH, scratchBytes: 0, packedBytes: 0, trust: 'stable' as const };
    return createEntry({ workload, scheme, latencyUs: latencyAround(us), ...facts });
  });
  return textOf(toyContent(entries), {});
}

async function textOf(content: LutContent, changes: TableChanges): Promise<string> {
  const [[variant, hash]] = await kernelHashes();
  const variantSha256 = changes.variantSha256 ?? hash;
  const table = completeLut({
    ...content,
    device: { ...readDevice(), ...changes.device },
    engine: readEngine(['simd']),
    threads: changes.threads ?? content.threads,
    entries: content.entries.map((entry) => ({ ...entry, variant, variantSha256 })),
  });
  return serializeLut(table);
}
