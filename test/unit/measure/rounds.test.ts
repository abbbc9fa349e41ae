import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import type { Session } from '../../../src/engine/session.ts';
import { MeasurementGroups } from '../../../src/measure/groups.ts';
import { reachableEntries } from '../../../src/measure/reachable.ts';
import { loadAssignment, measureRounds } from '../../../src/measure/rounds.ts';
import { BalancedSampler } from '../../../src/measure/sampler.ts';
import type { Bench } from '../../../src/measure/surroundings.ts';
import { TunedVariants } from '../../../src/measure/tuned-variants.ts';
import { openWorkbench, type Workbench } from '../../../src/node/workbench.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { uniformSchemes } from '../../../src/quant/tensor-plan.ts';

const schemes: Scheme[] = ['w8a8', 'w4a4'];
const VISITS = 20;
let workbench: Workbench;

beforeAll(async () => {
  workbench = await openWorkbench('resnet8', {
    calibration: { method: 'minmax', dataset: 'builtin', samples: 2, seed: 1 },
  });
});

/** Runs the rounds on a clock on which every reading takes `stepNs(reading)`. */
async function rounds(stepNs: (reading: number) => number, changes: Partial<Bench> & { timeMaxS?: number } = {}) {
  let reading = 0;
  let nowNs = 0;
  const clock = { nowNs: () => (nowNs += stepNs(reading++)) };
  const bench: Bench = {
    ...workbench.bench({ cancellation: { aborted: false }, onProgress: () => {} }),
    clock,
    interruptions: { contextSwitches: () => 0 },
    pause: async () => {},
    ...changes,
  };
  const { folded } = workbench;
  const tuned = new TunedVariants(workbench.engine, workbench.source, new Map());
  const groups = new MeasurementGroups((...layer) => tuned.of(...layer));
  const wanted = [...reachableEntries(folded, schemes).values()].flatMap((entry) => [
    ...groups.ofEntry(entry, entry.layers),
  ]);
  const sampler = new BalancedSampler(folded, schemes, groups, wanted, VISITS, new Random(1));
  const anchor: Session = loadAssignment(bench, uniformSchemes(folded, 'w8a8'));
  const result = await measureRounds(bench, groups, sampler, anchor, {
    warmRuns: 0,
    repeats: 1,
    timeMaxS: changes.timeMaxS,
  });
  anchor.dispose();
  return { result, wanted: new Set(wanted) };
}

describe('the rounds', () => {
  it('visit every group and keep all rounds of an undisturbed machine', async () => {
    const { result, wanted } = await rounds(() => 1000);
    expect(new Set(result.samplesUs.keys())).toEqual(wanted);
    for (const samples of result.samplesUs.values()) {
      expect(samples.length).toBeGreaterThanOrEqual(VISITS);
      expect(new Set(samples)).toEqual(new Set([1]));
    }
    expect(result).toMatchObject({ repeatedRounds: 0, timedOut: false });
  });

  it('throw away what a neighbour slowed down', async () => {
    // for 200 readings in every 700, everything takes twice as long
    const { result } = await rounds((reading) => (reading % 700 >= 400 && reading % 700 < 600 ? 2000 : 1000));
    expect(result.repeatedRounds).toBeGreaterThan(0);
    const all = [...result.samplesUs.values()].flat();
    const slow = all.filter((us) => us === 2).length;
    expect(slow / all.length).toBeLessThan(0.05); // of the readings, 29% were
  });

  it('do not repeat for ever on a machine that stays slow', async () => {
    const { result } = await rounds((reading) => (reading > 60 ? 3000 : 1000));
    expect(result.anchorsMs.length).toBeGreaterThan(0);
    expect(result.repeatedRounds).toBeLessThanOrEqual(2 * result.anchorsMs.length + 2);
  });

  it('end when the time is up, and when the user interrupts', async () => {
    const { result } = await rounds(() => 1e6, { timeMaxS: 0.3 });
    expect(result.timedOut).toBe(true);
    await expect(rounds(() => 1000, { cancellation: { aborted: true } })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });
});
