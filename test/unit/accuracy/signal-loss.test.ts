import { describe, expect, it } from 'vitest';
import { correctTable, SIGNAL_LOSS, signalLoss } from '../../../src/accuracy/proxies/signal-loss.ts';
import { schemeLoss } from '../../../src/accuracy/proxies/types.ts';
import { rankAgreement } from '../../../src/accuracy/ranking/rank-agreement.ts';
import { Random } from '../../../src/core/random.ts';
import { proxyContext } from '../../../src/node/space-proxy.ts';
import { openWorkbench } from '../../../src/node/workbench.ts';
import { quantizeNetwork } from '../../../src/quant/quantize.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { uniformSchemes } from '../../../src/quant/tensor-plan.ts';

const SCHEMES: Scheme[] = ['w8a8', 'w4a4', 'w2a4', 'w4a2', 'w2a2'];

describe('the signal that logits lose', () => {
  const reference = [Float32Array.of(1, 0, -1), Float32Array.of(0, 2, -2)];

  it('is none where they are scaled or shifted, which changes no label', () => {
    expect(signalLoss(reference, reference)).toBe(0);
    const changed = reference.map((logits) => logits.map((logit) => 3 * logit + 7));
    expect(signalLoss(reference, changed)).toBeCloseTo(0, 6);
  });

  it('is −ln of the squared correlation, and bounded where nothing is kept', () => {
    const noisy = [Float32Array.of(1, -2, 1), Float32Array.of(2, 0, -2)]; // product 4, squares 10 and 14
    expect(signalLoss(reference, noisy)).toBeCloseTo(-Math.log(16 / 140), 6);
    const opposite = reference.map((logits) => logits.map((logit) => -logit));
    expect(signalLoss(reference, opposite)).toBeCloseTo(Math.log(1000), 12);
    expect(signalLoss(reference, [new Float32Array(3), new Float32Array(3)])).toBeCloseTo(Math.log(1000), 12);
  });
});

describe('correction by whole networks', () => {
  const layers = ['a', 'b', 'c', 'd'];
  const alone = new Map(
    layers.map((layer, i) => [
      layer,
      new Map<Scheme, number>([
        ['f32', 0],
        ['w8a8', 0],
        ['w2a2', i + 1],
      ]),
    ]),
  );
  const draw = (seed: number) => {
    const random = new Random(seed);
    return new Map(layers.map((layer): [string, Scheme] => [layer, random.below(2) ? 'w8a8' : 'w2a2']));
  };
  const networks = Array.from({ length: 2000 }, (_, n) => draw(n));

  it('finds what layers lose among others, where that is not what they lose alone', () => {
    const truth: Record<string, number> = { a: 9, b: 2, c: 4, d: 1 };
    const loss = (network: ReadonlyMap<string, Scheme>) =>
      0.3 + layers.reduce((sum, layer) => sum + (network.get(layer) === 'w2a2' ? truth[layer] : 0), 0);
    const table = correctTable(layers, alone, networks, networks.map(loss));
    for (const layer of layers) {
      const found = table.get(layer)!.get('w2a2')!;
      expect(Math.abs(found - truth[layer])).toBeLessThan(0.4 * Math.max(truth[layer], 1)); // alone they would be in reverse order
      expect(table.get(layer)!.get('f32')).toBe(0);
    }
  });

  it('listens to networks that are still of use, whatever useless ones lose', () => {
    // with three layers at w2a2 nothing is left, and the order of the layers is the reverse
    const useful = networks.filter(
      (network) => [...network.values()].filter((scheme) => scheme === 'w2a2').length <= 2,
    );
    const useless = networks.filter(
      (network) => [...network.values()].filter((scheme) => scheme === 'w2a2').length > 2,
    );
    const truth: Record<string, number> = { a: 0.4, b: 0.3, c: 0.2, d: 0.1 };
    const sumOf = (network: ReadonlyMap<string, Scheme>, of: (layer: string, i: number) => number) =>
      layers.reduce((sum, layer, i) => sum + (network.get(layer) === 'w2a2' ? of(layer, i) : 0), 0);
    const losses = [
      ...useful.map((network) => sumOf(network, (layer) => truth[layer])),
      ...useless.map((network) => 20 + 20 * sumOf(network, (_, i) => i)),
    ];
    const table = correctTable(layers, alone, [...useful, ...useless], losses);
    const found = layers.map((layer) => table.get(layer)!.get('w2a2')!);
    expect(found).toEqual([...found].sort((x, y) => y - x));
  });

  it('keeps the order of the layers alone where whole networks say the same, in another unit', () => {
    const loss = (network: ReadonlyMap<string, Scheme>) =>
      layers.reduce((sum, layer) => sum + 3 * alone.get(layer)!.get(network.get(layer)!)!, 0);
    const table = correctTable(layers, alone, networks, networks.map(loss));
    for (const [i, layer] of layers.entries()) expect(table.get(layer)!.get('w2a2')).toBeCloseTo(3 * (i + 1), 6);
  });
});

describe('the proxy', () => {
  it('ranks unseen whole networks by the signal that they lose, and never gains by fewer bits', async () => {
    const calibration = { method: 'mse' as const, dataset: 'builtin', samples: 4, seed: 1 };
    const workbench = await openWorkbench('resnet8', { calibration });
    const surroundings = { onProgress() {}, cancellation: { aborted: false }, pause: async () => {} };
    const context = proxyContext(workbench, surroundings);
    const table = await SIGNAL_LOSS.losses(context, ['f32', ...SCHEMES]);
    for (const row of table.losses.values()) {
      expect(row.get('f32')).toBe(0);
      for (const wider of ['w4a4', 'w2a4', 'w4a2'] as const) {
        expect(row.get('w2a2')).toBeGreaterThanOrEqual(row.get(wider)!);
        expect(row.get(wider)).toBeGreaterThanOrEqual(row.get('w8a8')!);
      }
    }

    const { engine, source, images } = context;
    const logitsOf = (schemes: ReadonlyMap<string, Scheme>) => {
      const session = engine.load(quantizeNetwork(source, schemes));
      const logits = images.map((image) => session.run(image));
      session.dispose();
      return logits;
    };
    const reference = logitsOf(uniformSchemes(source.folded, 'f32'));
    const random = new Random(99);
    const unseen = Array.from({ length: 40 }, () =>
      table.layers.map((_, i, { length }) =>
        i === 0 || i === length - 1 ? 'w8a8' : SCHEMES[random.below(SCHEMES.length)],
      ),
    );
    const losses = unseen.map((schemes) =>
      signalLoss(reference, logitsOf(new Map(table.layers.map((layer, i) => [layer, schemes[i]])))),
    );
    const agreement = rankAgreement(
      unseen.map((schemes) => schemeLoss(table, schemes)),
      losses,
      1,
    );
    expect(agreement.spearman.low).toBeGreaterThan(0.6);
  });
});
