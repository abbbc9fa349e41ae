import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { wholeNetworkUs } from '../../../src/lut/whole-network.ts';
import { samplesByGroup, type TimedNetwork } from '../../../src/measure/rounds.ts';
import { theilSen } from '../../../src/measure/statistics.ts';
import { fitWholeNetworks } from '../../../src/measure/whole-network-fit.ts';

/** Networks of ten layers, each of one of two groups that take 10 µs and 30 µs, and what the whole of them takes. */
function networks(whole: (sumUs: number, random: Random) => number, count = 200): TimedNetwork[] {
  const random = new Random(3);
  return Array.from({ length: count }, () => {
    const share = random.below(11) / 10;
    const slow = Array.from({ length: 10 }, () => random.chance(share));
    const layersUs = slow.map((is) => (is ? 30 : 10));
    const sumUs = layersUs.reduce((a, b) => a + b, 0);
    return { groups: slow.map(String), layersUs, wholeUs: whole(sumUs, random), referenceNs: 1000 };
  });
}

const fitOf = (timed: TimedNetwork[]) => fitWholeNetworks('net', timed, samplesByGroup(timed));

describe('the fit of whole networks', () => {
  it('is one scalar where all take the same multiple of their sum', () => {
    const noisy = networks((sumUs, random) => sumUs * (1.02 + (random.below(200) - 100) / 10_000));
    const fit = fitOf(noisy);
    expect(fit.scalar).toBeCloseTo(1.02, 2);
    expect(fit.lengthCorrection).toBeUndefined();
  });

  it('corrects for length where long networks take a greater multiple, in spite of outliers', () => {
    const truth = (sumUs: number) => 1.1 * sumUs - 16;
    const fit = fitOf(networks((sumUs, random) => truth(sumUs) * (random.chance(0.1) ? 1.5 : 1)));
    for (const sumUs of [110, 200, 290]) {
      expect(wholeNetworkUs(sumUs, 'net', fit) / truth(sumUs)).toBeCloseTo(1, 2);
    }
    // for other networks the scalar alone holds
    expect(wholeNetworkUs(200, 'other', fit)).toBe(200 * fit.scalar);
  });

  it('does not carry the correction beyond the lengths that it was fitted on', () => {
    const fit = fitOf(networks((sumUs) => 1.1 * sumUs - 16));
    const { lowUs, highUs } = fit.lengthCorrection!;
    expect([lowUs, highUs]).toEqual([100, 300]);
    const share = (us: number) => wholeNetworkUs(us, 'net', fit) / us;
    expect(share(10)).toBeCloseTo(share(100), 12);
    expect(share(3000)).toBeCloseTo(share(300), 12);
  });

  it('takes a few networks, or networks of one length, for what they are', () => {
    expect(fitOf(networks((sumUs) => 1.1 * sumUs - 16, 20)).lengthCorrection).toBeUndefined();
    const alike = networks((sumUs) => sumUs).map((network) => ({ ...network, groups: network.groups.map(() => 'g') }));
    expect(fitOf(alike).lengthCorrection).toBeUndefined();
  });
});

describe('the slope of Theil and Sen', () => {
  it('has an interval that holds the true slope about 95 times in a hundred', () => {
    const random = new Random(1);
    let covered = 0;
    for (let trial = 0; trial < 400; trial++) {
      const x = Array.from({ length: 25 }, (_, i) => i);
      const { low, high } = theilSen(
        x,
        x.map((v) => 2 * v + random.below(1000) / 50),
      );
      if (low <= 2 && 2 <= high) covered++;
    }
    expect(covered).toBeGreaterThan(365);
    expect(covered).toBeLessThan(398);
  });
});
