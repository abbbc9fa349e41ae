import { existsSync, readFileSync } from 'node:fs';
import type { DatasetSpec } from '../../src/data/open.ts';
import { foldNetwork } from '../../src/network/fold.ts';
import type { Network } from '../../src/network/types.ts';
import { calibratedSource, calibrationImages } from '../../src/node/calibrated-source.ts';
import { createEngine } from '../../src/node/network-engine.ts';
import { openWorkbench, type Workbench } from '../../src/node/workbench.ts';
import { createSearchSpace, type SearchSpace, type SpaceConfigInput } from '../../src/space/index.ts';
import { publishedNetwork } from '../../test/shared/published-resnet20.ts';
import { hasTestData, testDataPath } from '../../test/shared/test-data.ts';

/** A space of which candidates are evaluated truly. */
export interface PredictorCase {
  name: string;
  what: string;
  space: SpaceConfigInput;
  dataset: DatasetSpec;
  /** Other images, on which candidates are checked. */
  test: DatasetSpec;
  open(): Promise<Workbench>;
  /** Why it cannot be, such as data that are not there. */
  absent?: string;
}

const BITS = [2, 4, 8];
const SCHEMES = BITS.flatMap((w) => BITS.map((a) => `w${w}a${a}` as const));
/** Images that each candidate is run on: as many as a search takes, and more for the larger network. */
const IMAGES = 250;
const LARGE_IMAGES = 400;
/** As `proxy check` was run. */
const TEST_IMAGES = 300;

const builtin: DatasetSpec = { name: 'builtin', split: 'calibration', samples: IMAGES };
const builtinTest: DatasetSpec = { name: 'builtin', split: 'test', samples: TEST_IMAGES };
const cifarPath = testDataPath('cifar10/cifar10_train_first4000_NHWC.u8');
const cifarTestPath = testDataPath('cifar10/cifar10_test_first500_NHWC.u8');
const cifarShape = { shape: [32, 32, 3], classes: 10 } satisfies DatasetSpec['expected'];

export const CASES: readonly PredictorCase[] = [
  {
    name: 'resnet8-bits',
    what: 'ResNet-8, bits 2, 4, 8, built-in images',
    space: { bits: { schemes: SCHEMES } },
    dataset: builtin,
    test: builtinTest,
    open: () => openWorkbench('resnet8'),
  },
  {
    name: 'resnet8-joint',
    what: 'ResNet-8, channels × bits, built-in images',
    space: {
      bits: { schemes: ['f32', 'w8a8', 'w6a6', 'w4a8', 'w4a4', 'w3a4'] },
      keep: { ratios: [0.75, 0.875, 1] },
    },
    dataset: builtin,
    test: builtinTest,
    open: () => openWorkbench('resnet8'),
  },
  {
    name: 'resnet20-bits',
    what: 'ResNet-20, bits 2, 4, 8, built-in images',
    space: { bits: { schemes: SCHEMES } },
    dataset: { ...builtin, samples: LARGE_IMAGES },
    test: builtinTest,
    open: () => openWorkbench('resnet20'),
    ...(!existsSync(new URL('../../src/network/zoo/weights/resnet20.weights', import.meta.url)) && {
      absent: 'the zoo has no trained weights of it',
    }),
  },
  {
    name: 'resnet20-cifar',
    what: 'ResNet-20 (published weights), bits 2, 4, 8, CIFAR-10',
    space: { bits: { schemes: SCHEMES } },
    dataset: {
      name: cifarPath,
      split: 'calibration',
      samples: LARGE_IMAGES,
      expected: cifarShape,
    },
    test: { name: cifarTestPath, split: 'test', samples: TEST_IMAGES, expected: cifarShape },
    open: () => workbenchOf(publishedNetwork(), cifarPath),
    ...(!hasTestData && { absent: 'the test data are not beside this checkout' }),
  },
];

async function workbenchOf(network: Network, dataset: string): Promise<Workbench> {
  const { engine } = await createEngine();
  const folded = foldNetwork(network);
  const calibration = { method: 'mse' as const, dataset, samples: 64, seed: 1 };
  const workbench = {
    opened: { network, trained: true, weightsSha256: '' },
    ...{ folded, engine, calibration },
    source: calibratedSource(engine, folded, calibration),
    images: calibrationImages(calibration, folded.inputShape),
    bench: () => {
      throw new Error('nothing is measured here');
    },
  };
  return workbench;
}

export function spaceOf(one: PredictorCase, workbench: Workbench): SearchSpace {
  return createSearchSpace(workbench.opened.network, one.space);
}

/** What a file of truths holds: losses by genome. */
export type Truths = Map<string, number>;

export function readTruths(path: string): Truths {
  return existsSync(path) ? new Map(JSON.parse(readFileSync(path, 'utf8')) as [string, number][]) : new Map();
}
