import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { builtinDataset } from '../../src/data/index.ts';
import { attachWeights, decodeWeights } from '../../src/network/weights-file.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { loadAutodiffOnNode } from '../../src/node/training-files.ts';
import { floatAccuracy, TrainableModel } from '../../src/train/index.ts';

describe('the trained weights of the zoo', () => {
  it.each(['resnet8', 'resnet20'])(
    'of %s belong to these images: they are as good on them as their record says',
    async (name) => {
      const file = `${name}.weights`;
      const bytes = await readFile(new URL(`../../src/network/zoo/weights/${file}`, import.meta.url));
      const { weights, provenance } = decodeWeights(new Uint8Array(bytes), file);
      expect(provenance).toMatchObject({ network: name, dataset: 'builtin', testSamples: 2000 });
      expect(provenance.command).toContain(`bitbudget train --network ${name} --dataset builtin`);
      expect(provenance.accuracy).toBeGreaterThan(0.85);
      const model = new TrainableModel(await loadAutodiffOnNode(), attachWeights(zooNetwork(name), weights, file));
      const accuracy = await floatAccuracy(model, builtinDataset({ split: 'test', samples: 400 }));
      // four deviations of a share of 400 images
      expect(Math.abs(accuracy - provenance.accuracy)).toBeLessThan(0.06);
    },
  );
});
