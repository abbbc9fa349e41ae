import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { samplesByGroup, type TimedNetwork } from '../../../src/measure/rounds.ts';
import { summarizeSamples } from '../../../src/measure/statistics.ts';
import { visitSlowness } from '../../../src/measure/visit-slowness.ts';

const TRUE_US = new Map(Array.from({ length: 40 }, (_, group) => [`g${group}`, 10 + 3 * group]));
const LAYERS = 20;

interface Disturbance {
  /** Of a whole visit. */
  visit(random: Random): number;
  /** Of one layer of it. */
  layer(random: Random): number;
}

/** Networks of random groups, and how slow each visit was. */
function visits({ visit, layer }: Disturbance, count = 120): { networks: TimedNetwork[]; slowness: number[] } {
  const random = new Random(5);
  const names = [...TRUE_US.keys()];
  const slowness: number[] = [];
  const networks = Array.from({ length: count }, () => {
    const groups = Array.from({ length: LAYERS }, () => names[random.below(names.length)]);
    const factor = visit(random);
    slowness.push(factor);
    const layersUs = groups.map((group) => TRUE_US.get(group)! * factor * layer(random));
    return { groups, layersUs, wholeUs: layersUs.reduce((a, b) => a + b, 0), referenceNs: 1000 };
  });
  return { networks, slowness };
}

/** The greatest relative error of the groups' medians. */
function worstError(networks: readonly TimedNetwork[], slowness?: readonly number[]): number {
  const errors = [...samplesByGroup(networks, slowness)].map(([group, samples]) =>
    Math.abs(summarizeSamples(samples).median / TRUE_US.get(group)! - 1),
  );
  return Math.max(...errors);
}

const undisturbed = () => 1;
/** Two visits of five are 4 to 12% slow. */
const crowded = (random: Random) => (random.chance(0.4) ? 1.04 + random.below(80) / 1000 : 1);

describe('how slow visits were', () => {
  it('is 1 for all of them on a machine that is left alone', () => {
    const { networks } = visits({ visit: undisturbed, layer: undisturbed });
    for (const factor of visitSlowness(networks)) expect(factor).toBeCloseTo(1, 12);
  });

  it('is what their layers have in common, and medians are right without it', () => {
    const { networks, slowness } = visits({ visit: crowded, layer: undisturbed });
    const found = visitSlowness(networks);
    found.forEach((factor, i) => void expect(factor).toBeCloseTo(slowness[i], 6));
    expect(worstError(networks, found)).toBeLessThan(1e-6);
    expect(worstError(networks)).toBeGreaterThan(0.02);
  });

  it('is not moved by work that meets single layers', () => {
    const layer = (random: Random) => (random.chance(0.15) ? 2 : 1 + (random.below(200) - 100) / 20_000);
    const { networks, slowness } = visits({ visit: crowded, layer });
    const found = visitSlowness(networks);
    found.forEach((factor, i) => void expect(Math.abs(factor / slowness[i] - 1)).toBeLessThan(0.01));
    expect(worstError(networks, found)).toBeLessThan(0.006);
  });

  it('is 1 where nothing can be compared: few layers, none, or no time by the clock', () => {
    const whole = { groups: ['a', 'b'], layersUs: [], wholeUs: 100, referenceNs: 1000 };
    const short = { ...whole, layersUs: [40, 60] };
    const timeless = { groups: Array(6).fill('a'), layersUs: Array(6).fill(0), wholeUs: 0, referenceNs: 1000 };
    expect(visitSlowness([whole, short, { ...short, layersUs: [80, 120] }, timeless])).toEqual([1, 1, 1, 1]);
    expect(visitSlowness([])).toEqual([]);
    const { networks } = visits({ visit: crowded, layer: undisturbed }, 3);
    expect(visitSlowness(networks, 100_000)).toEqual([1, 1, 1]);
  });
});
