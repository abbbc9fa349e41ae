import type { Lut } from '../../src/lut/schema.ts';
import { completeLut, serializeLut } from '../../src/lut/serialize.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { readDevice, readEngine } from '../../src/node/device.ts';
import { kernelHashes } from '../../src/node/kernel-files.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { tableFor } from '../unit/lut/toy-table.ts';

/** Changes to a table before it is written. */
export interface TableChanges {
  device?: Partial<Lut['device']>;
  threads?: number;
  /** Hash of the kernel that every entry says it was measured with. */
  variantSha256?: string;
}

/**
 * The text of a sound table of resnet8 that says it was measured on this device with the kernels of this build; its times
 * are made up.
 */
export async function tableOfThisDevice(schemes: readonly Scheme[], changes: TableChanges = {}): Promise<string> {
  const [[variant, hash]] = await kernelHashes();
  const variantSha256 = changes.variantSha256 ?? hash;
  const content = tableFor(zooNetwork('resnet8'), schemes, (i, scheme) =>
    scheme === 'f32' ? 40 : Number(scheme.at(-1)) + (i % 3),
  );
  const table = completeLut({
    ...content,
    device: { ...readDevice(), ...changes.device },
    engine: readEngine(['simd']),
    threads: changes.threads ?? content.threads,
    entries: content.entries.map((entry) => ({ ...entry, variant, variantSha256 })),
  });
  return serializeLut(table);
}
