import { readFileSync } from 'node:fs';
import type { Files } from '../../../src/core/ports.ts';
import { createCostModel } from '../../../src/cost/cost-model.ts';
import { parseDevice } from '../../../src/cost/device.ts';
import type { CostModel } from '../../../src/cost/types.ts';
import { completeLut } from '../../../src/lut/serialize.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import { type Scheme, schemeBits } from '../../../src/quant/scheme.ts';
import { type BitSpace, createBitSpace } from '../../../src/space/index.ts';
import { runStudy, type StudyOptions, type StudyResult, type StudySettings } from '../../../src/study/index.ts';
import { tableFor } from '../lut/toy-table.ts';

const device = parseDevice(
  readFileSync(new URL('../../../devices/raspberry-pi-4.json', import.meta.url), 'utf8'),
  'pi',
);

export const SCHEMES: Scheme[] = ['w8a8', 'w4a4', 'w2a2', 'w4a8', 'w2a8'];

/** ResNet-8 priced at 10 µs for each bit of a layer's scheme, whatever the layer. */
export function toyCostModel(): CostModel {
  const network = zooNetwork('resnet8');
  const table = tableFor(network, SCHEMES, (_, scheme) => {
    const { weightBits, activationBits } = schemeBits(scheme);
    return weightBits + activationBits;
  });
  return createCostModel({ network, table: completeLut(table), device });
}

export function toySpace(costModel: CostModel, fixed: ReadonlyMap<string, Scheme> = new Map()): BitSpace {
  return createBitSpace({ layers: costModel.layers, schemes: SCHEMES, fixed });
}

/** A layer loses more the fewer its bits are, and later layers lose less: trade-offs without ties. */
export function toyLoss(schemes: readonly Scheme[]): number {
  return schemes.reduce((sum, scheme, i) => {
    const { weightBits, activationBits } = schemeBits(scheme);
    return sum + (1 / weightBits ** 2 + 1 / activationBits ** 2) / (i + 1);
  }, 0);
}

export function memoryFiles(): Files & { contents: Map<string, string> } {
  const contents = new Map<string, string>();
  return {
    contents,
    readText: async (path) => contents.get(path)!,
    readBytes: async (path) => new TextEncoder().encode(contents.get(path)!),
    writeAtomic: async (path, content) => void contents.set(path, String(content)),
    exists: async (path) => contents.has(path),
    remove: async (path) => void contents.delete(path),
    list: async (folder) => [...contents.keys()].filter((path) => path.startsWith(`${folder}/`)),
  };
}

export const SETTINGS: StudySettings = {
  objectives: ['accuracy', 'latency'],
  budgets: {},
  population: 24,
  evaluations: 300,
  seed: 1,
  strategy: 'evolution',
};

/** Runs a study over ResNet-8 and the toy table; `stopAfter` interrupts after so many batches. */
export async function runToyStudy(
  settings: Partial<StudySettings> = {},
  changes: Partial<StudyOptions> & { stopAfter?: number } = {},
): Promise<StudyResult & { files: ReturnType<typeof memoryFiles> }> {
  const costModel = toyCostModel();
  const files = memoryFiles();
  let batches = 0;
  const result = await runStudy({
    settings: { ...SETTINGS, ...settings },
    space: toySpace(costModel),
    costModel,
    proxy: { name: 'toy', loss: toyLoss },
    files,
    folder: 'runs/toy',
    provenance: { network: 'resnet8' },
    toCandidate: ({ genome }) => ({ genome }),
    onProgress: () => {},
    cancellation: {
      get aborted() {
        return changes.stopAfter !== undefined && batches >= changes.stopAfter;
      },
    },
    pause: async () => void batches++,
    ...changes,
  });
  return { ...result, files: (changes.files as ReturnType<typeof memoryFiles>) ?? files };
}
