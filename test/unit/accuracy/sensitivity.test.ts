import { describe, expect, it } from 'vitest';
import {
  compareLogits,
  SENSITIVITY_KL,
  SENSITIVITY_LOSS,
  SENSITIVITY_TOP1,
} from '../../../src/accuracy/proxies/sensitivity.ts';
import type { ProxyContext } from '../../../src/accuracy/proxies/types.ts';
import { proxyContext } from '../../../src/node/space-proxy.ts';
import { openWorkbench } from '../../../src/node/workbench.ts';
import { quantizeNetwork } from '../../../src/quant/quantize.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { uniformSchemes } from '../../../src/quant/tensor-plan.ts';

const SCHEMES: Scheme[] = ['w8a8', 'w2a4', 'w2a2'];

async function contextOf(samples: number): Promise<ProxyContext> {
  const workbench = await openWorkbench('resnet8', {
    calibration: { method: 'minmax', dataset: 'builtin', samples, seed: 1 },
  });
  return proxyContext(workbench, {
    onProgress() {},
    cancellation: { aborted: false },
    pause: async () => {},
  });
}

describe('what changed between logits', () => {
  it('is divergence, loss and errors by their definitions', () => {
    const before = [Float32Array.of(0, Math.log(3)), Float32Array.of(5, 5)]; // probabilities ¼, ¾ and ½, ½
    const after = [Float32Array.of(0, 0), Float32Array.of(105, 105)];
    const { kl, loss, top1 } = compareLogits(before, after, [1, 0]);
    expect(kl).toBeCloseTo((0.25 * Math.log(0.5) + 0.75 * Math.log(1.5)) / 2, 7);
    expect(loss).toBeCloseTo(Math.log(1.5) / 2, 7);
    expect(top1).toBe(0.5); // the first of equal logits counts, which is wrong for the first image now
  });

  it('is nothing between equal logits, and finite where a class is all but impossible', () => {
    const logits = [Float32Array.of(1, -2, 3)];
    expect(compareLogits(logits, logits, [2])).toEqual({ kl: 0, loss: 0, top1: 0 });
    const { kl } = compareLogits([Float32Array.of(0, 0)], [Float32Array.of(0, -2000)], undefined);
    expect(kl).toBeCloseTo(1000 - Math.log(2), 3);
  });
});

describe('measured sensitivity', () => {
  it('is what running each network alone gives', async () => {
    const context = await contextOf(6);
    const [kl, loss, top1] = [
      await SENSITIVITY_KL.losses(context, SCHEMES),
      await SENSITIVITY_LOSS.losses(context, SCHEMES),
      await SENSITIVITY_TOP1.losses(context, SCHEMES),
    ];
    const { engine, source, images, labels } = context;
    const logitsOf = (schemes: ReadonlyMap<string, Scheme>) => {
      const session = engine.load(quantizeNetwork(source, schemes));
      const logits = images.map((image) => session.run(image));
      session.dispose();
      return logits;
    };
    const real = uniformSchemes(source.folded, 'f32');
    const reference = logitsOf(real);
    for (const layer of [kl.layers[0], kl.layers[4], kl.layers.at(-1)!]) {
      for (const scheme of SCHEMES) {
        const expected = compareLogits(reference, logitsOf(new Map(real).set(layer, scheme)), labels);
        expect(kl.losses.get(layer)!.get(scheme)).toBe(expected.kl);
        expect(loss.losses.get(layer)!.get(scheme)).toBe(expected.loss);
        expect(top1.losses.get(layer)!.get(scheme)).toBe(expected.top1);
      }
      expect(kl.losses.get(layer)!.get('f32')).toBe(0);
    }
    const total = (scheme: Scheme) => kl.layers.reduce((sum, layer) => sum + kl.losses.get(layer)!.get(scheme)!, 0);
    expect(total('w8a8')).toBeLessThan(total('w2a4'));
    expect(total('w8a8')).toBeLessThan(total('w2a2'));
  });

  it('says what it lacks, and stops where it is asked to', async () => {
    const context = await contextOf(2);
    const { labels: _, ...unlabelled } = context;
    await expect(SENSITIVITY_TOP1.losses(unlabelled, SCHEMES)).rejects.toMatchObject({ kind: 'input' });
    const stopped = { ...context, images: [...context.images], cancellation: { aborted: true } };
    await expect(SENSITIVITY_KL.losses(stopped, SCHEMES)).rejects.toMatchObject({ kind: 'interrupted' });
  });
});
