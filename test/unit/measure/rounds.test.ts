import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { MeasurementGroups } from '../../../src/measure/groups.ts';
import { reachableEntries } from '../../../src/measure/reachable.ts';
import { ReferenceKernel } from '../../../src/measure/reference-kernel.ts';
import {
  measureRounds,
  type RoundsOptions,
  samplesByGroup,
  scaledSamples,
  type TimedNetwork,
} from '../../../src/measure/rounds.ts';
import { BalancedSampler } from '../../../src/measure/sampler.ts';
import type { Bench } from '../../../src/measure/surroundings.ts';
import { TunedVariants } from '../../../src/measure/tuned-variants.ts';
import { openWorkbench, type Workbench } from '../../../src/node/workbench.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';

const schemes: Scheme[] = ['w8a8', 'w4a4'];
const VISITS = 6;
let workbench: Workbench;

beforeAll(async () => {
  workbench = await openWorkbench('resnet8', {
    calibration: { method: 'minmax', dataset: 'builtin', samples: 2, seed: 1 },
  });
});

/** Runs the rounds on a clock on which every reading takes `stepNs(reading)` and counts; pausing counts readings too. */
async function rounds(stepNs: (reading: number) => number, changes: Partial<Bench> & RoundsOptions = {}) {
  let reading = 0;
  let nowNs = 0;
  const clock = { nowNs: () => (nowNs += stepNs(reading++)) };
  const loop = (steps: number) => {
    nowNs += steps * (stepNs(reading) / 1000);
    return steps;
  };
  const bench: Bench = {
    ...workbench.bench({ cancellation: { aborted: false }, onProgress: () => {} }),
    clock,
    interruptions: { contextSwitches: () => 0 },
    reference: new ReferenceKernel(loop, clock),
    pause: async (ms) => {
      reading += 20 * ms;
    },
    ...changes,
  };
  const { folded } = workbench;
  const tuned = new TunedVariants(workbench.engine, workbench.source, new Map());
  const groups = new MeasurementGroups((...layer) => tuned.of(...layer));
  const wanted = [...reachableEntries(folded, schemes).values()].flatMap((entry) => [
    ...groups.ofEntry(entry, entry.layers),
  ]);
  const sampler = new BalancedSampler(folded, schemes, groups, wanted, VISITS, new Random(1));
  const result = await measureRounds(bench, groups, sampler, changes);
  return { result, samplesUs: samplesByGroup(result.networks), wanted: new Set(wanted) };
}

describe('the rounds', () => {
  it('visit every group and keep all networks of an undisturbed machine', async () => {
    const { result, samplesUs, wanted } = await rounds(() => 1000);
    expect(new Set(samplesUs.keys())).toEqual(wanted);
    for (const samples of samplesUs.values()) {
      expect(samples.length).toBeGreaterThanOrEqual(VISITS);
      expect(new Set(samples)).toEqual(new Set([1]));
    }
    expect(result).toMatchObject({ others: [], interruptedRuns: 0, timedOut: false });
  });

  it('throw away what a neighbour slowed down', async () => {
    // for 200 readings in every 700, everything takes twice as long
    const { result, samplesUs } = await rounds((reading) =>
      reading % 700 >= 400 && reading % 700 < 600 ? 2000 : 1000,
    );
    expect(result.interruptedRuns).toBeGreaterThan(0);
    const all = [...samplesUs.values()].flat();
    const slow = all.filter((us) => us > 1).length;
    expect(slow / all.length).toBeLessThan(0.05); // of the readings, 29% were
  });

  it('measure on a machine that has become slower for good, and use one speed only', async () => {
    const { result, samplesUs } = await rounds((reading) => (reading > 1500 ? 3000 : 1000));
    expect(result.others.length).toBeGreaterThan(0);
    for (const samples of samplesUs.values()) {
      expect(samples.length).toBeGreaterThanOrEqual(VISITS);
      expect(new Set(samples).size).toBe(1);
    }
  });

  it('go on from the networks of an interrupted profile', async () => {
    const seen: TimedNetwork[] = [];
    const cancellation = { aborted: false };
    const onNetwork = (network: TimedNetwork) => {
      seen.push(network);
      cancellation.aborted = seen.length === 5;
    };
    await expect(rounds(() => 1000, { cancellation, onNetwork })).rejects.toMatchObject({ kind: 'interrupted' });
    expect(seen).toHaveLength(5);
    const whole = await rounds(() => 1000);
    const rest = await rounds(() => 1000, { earlier: seen });
    expect(rest.result.networks.slice(0, 5)).toEqual(seen);
    expect(rest.result.networks.length).toBeLessThan(whole.result.networks.length + 5);
  });

  it('scale what was timed at another speed, where there is nothing better', () => {
    const network = (group: string, us: number, referenceNs: number): TimedNetwork => ({
      ...{ groups: [group], layersUs: [us], wholeUs: us, referenceNs },
    });
    const others = [network('a', 30, 3000), network('b', 20, 2000), network('b', 22, 2000)];
    expect([...scaledSamples({ others, levelNs: 1000 }, new Map([['a', []]]))]).toEqual([['b', [10, 11]]]);
  });

  it('end when the time is up, and when the user interrupts', async () => {
    const { result } = await rounds(() => 1e6, { timeMaxS: 0.3 });
    expect(result.timedOut).toBe(true);
    await expect(rounds(() => 1000, { cancellation: { aborted: true } })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });
});
