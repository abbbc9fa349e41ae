import { describe, expect, it } from 'vitest';
import { countCorrect } from '../../src/accuracy/top1.ts';
import { calibrate } from '../../src/engine/calibrate.ts';
import { foldNetwork } from '../../src/network/fold.ts';
import { createEngine } from '../../src/node/network-engine.ts';
import { quantizationSource, quantizeNetwork } from '../../src/quant/quantize.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { uniformSchemes } from '../../src/quant/tensor-plan.ts';
import { cifarImages, publishedNetwork } from './published-resnet20.ts';
import { explainSkip, hasTestData } from './test-data.ts';

explainSkip('the accuracy of a published ResNet-20');

describe.skipIf(!hasTestData)('a published ResNet-20 on CIFAR-10 images', () => {
  it('is as accurate in our f32 as its authors measured, and nearly so in w8a8', async () => {
    const { engine } = await createEngine();
    const folded = foldNetwork(publishedNetwork());
    const calibration = cifarImages('calibration', 64);
    const seen = Array.from({ length: 64 }, (_, i) => calibration.pixels(i));
    const source = quantizationSource(
      folded,
      calibrate(engine, folded, seen, { method: 'mse', dataset: 'cifar10', seed: 1 }),
    );
    const test = cifarImages('test');
    const correct = (scheme: Scheme) => {
      const session = engine.load(quantizeNetwork(source, uniformSchemes(folded, scheme)));
      return countCorrect([session], test, 0, test.count)[0];
    };
    expect(correct('f32')).toBe(455); // 91.0%
    expect(correct('w8a8')).toBeGreaterThanOrEqual(450); // at most one point lost
    expect(correct('w4a8')).toBeGreaterThan(correct('w2a8'));
  });
});
