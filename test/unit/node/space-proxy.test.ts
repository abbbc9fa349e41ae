import { beforeAll, describe, expect, it } from 'vitest';
import {
  ARCHITECTURE_PROXIES,
  BIT_PROXIES,
  findArchitectureProxy,
  findBitProxy,
} from '../../../src/accuracy/proxies/index.ts';
import { schemeLoss } from '../../../src/accuracy/proxies/types.ts';
import { reduceNetwork } from '../../../src/network/reduce/index.ts';
import { proxyContext, schemesOf, spaceProxy } from '../../../src/node/space-proxy.ts';
import { openWorkbench, type Workbench } from '../../../src/node/workbench.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { createSearchSpace } from '../../../src/space/index.ts';

const surroundings = { onProgress: () => {}, cancellation: { aborted: false }, pause: async () => {} };
const SCHEMES: Scheme[] = ['w2a2', 'w4a4', 'w8a8'];

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench('resnet8', {
    calibration: { method: 'minmax', dataset: 'builtin', samples: 4, seed: 1 },
  });
});

describe('every bit proxy on resnet8', () => {
  it.each(BIT_PROXIES.map((proxy) => [proxy.name, proxy] as const))(
    '%s loses more with fewer bits, nothing in f32, and the same each time',
    async (name, proxy) => {
      const context = proxyContext(workbench, surroundings);
      const { layers, losses } = await proxy.losses(context, SCHEMES);
      expect(layers).toHaveLength(10);
      const sum = (scheme: Scheme) => layers.reduce((total, layer) => total + losses.get(layer)!.get(scheme)!, 0);
      expect(sum('f32')).toBe(0);
      // eight bits may change no label of four images
      if (name !== 'sensitivity-top1') expect(sum('w8a8')).toBeGreaterThan(0);
      expect(sum('w4a4')).toBeGreaterThan(sum('w8a8'));
      expect(sum('w2a2')).toBeGreaterThan(sum('w4a4'));
      expect((await proxy.losses(context, SCHEMES)).losses).toEqual(losses);
    },
  );
});

describe('every architecture proxy on resnet8', () => {
  it.each(ARCHITECTURE_PROXIES.map((proxy) => [proxy.name, proxy] as const))(
    '%s has a number for the whole and for half of the channels, the same each time',
    async (name, proxy) => {
      const context = proxyContext(workbench, surroundings);
      const space = createSearchSpace(workbench.opened.network, { scheme: 'f32', keep: { ratios: [0.5, 1] } });
      const half = reduceNetwork(workbench.opened.network, space.decode(space.genes.map(() => 0)).reduction);
      const [whole, reduced] = [await proxy.loss(context, context.network), await proxy.loss(context, half)];
      expect([whole, reduced].every(Number.isFinite)).toBe(true);
      // of four images a Jacobian's covariance says little
      if (name !== 'jacobian-covariance') expect(reduced).toBeGreaterThan(whole);
      expect(await proxy.loss(context, half)).toBe(reduced);
    },
  );
});

describe('the proxy of a joint space', () => {
  const config = { bits: { schemes: SCHEMES.slice(1), per: 'network' as const }, keep: { ratios: [0.5, 1] } };

  it('adds two proxies of other units up, each in noise at the logits, and names both', async () => {
    const space = createSearchSpace(workbench.opened.network, config);
    const images = workbench.images.slice(0, 2);
    const few = { ...workbench, images };
    const whole: number[] = space.genes.map(() => 1);
    const losses = async (proxy: string, architectureProxy: string) => {
      const made = await spaceProxy(few, space, surroundings, { proxy, architectureProxy });
      const of = (genome: number[]) => made.loss(space.decode(genome));
      // the first gene is that of bits
      return { name: made.name, bits: of(whole.with(0, 0)) - of(whole), channels: of(whole.with(1, 0)) - of(whole) };
    };
    const own = await losses('output-noise', 'reduction-noise');
    const other = await losses('signal-noise', 'bn-statistics');
    expect([own.name, other.name]).toEqual(['output-noise', 'signal-noise+bn-statistics']);
    for (const part of ['bits', 'channels'] as const) {
      expect(own[part]).toBeGreaterThan(0);
      expect(other[part] / own[part]).toBeGreaterThan(0.05);
      expect(other[part] / own[part]).toBeLessThan(20);
    }
  });

  it('adds the default ones up as they are, for both measure the signal of the logits', async () => {
    const space = createSearchSpace(workbench.opened.network, config);
    const few = { ...workbench, images: workbench.images.slice(0, 2) };
    const made = await spaceProxy(few, space, surroundings);
    expect(made.name).toBe('signal-loss');
    const context = proxyContext(few, surroundings);
    const whole: number[] = space.genes.map(() => 1);
    const bits = await findBitProxy('signal-loss').losses(context, schemesOf(space, whole));
    const reduced = reduceNetwork(workbench.opened.network, space.decode(whole.with(1, 0)).reduction);
    const channels = await findArchitectureProxy('reduction-signal').loss(context, reduced);
    const { schemes } = space.decode(whole);
    const sum = schemeLoss(
      bits,
      bits.layers.map((layer) => schemes.get(layer)!),
    );
    expect(channels).toBeGreaterThan(0);
    expect(made.loss(space.decode(whole.with(1, 0)))).toBeCloseTo(sum + channels, 9);
  });

  it('says which proxy is not known', async () => {
    const space = createSearchSpace(workbench.opened.network, config);
    const choice = { proxy: 'output-noise', architectureProxy: 'synflo' };
    await expect(spaceProxy(workbench, space, surroundings, choice)).rejects.toMatchObject({
      message: 'Unknown architecture proxy "synflo".',
      remedy: expect.stringMatching(/synflow\?/),
    });
  });
});
