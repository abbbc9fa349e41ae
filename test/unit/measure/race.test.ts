import { beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine.ts';
import { loadKernels } from '../../../src/kernels/load.ts';
import { variantsFor } from '../../../src/kernels/registry.ts';
import type { LoadedKernels } from '../../../src/kernels/types.ts';
import { entryKey } from '../../../src/lut/entry-key.ts';
import { raceVariants } from '../../../src/measure/race.ts';
import type { EntrySubject } from '../../../src/measure/reachable.ts';
import { ReferenceKernel } from '../../../src/measure/reference-kernel.ts';
import { StackPositions } from '../../../src/measure/stack-positions.ts';
import type { Workload } from '../../../src/network/workload.ts';
import { loadKernelModules } from '../../../src/node/kernel-files.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';

const conv: Workload = {
  op: 'conv2d',
  batch: 1,
  height: 6,
  width: 6,
  inChannels: 16,
  outChannels: 16,
  kernel: [3, 3],
  stride: [2, 2],
  padding: [1, 1, 1, 1],
  dilation: [1, 1],
  groups: 1,
  activation: 'relu',
  residual: true,
  input: 'shared',
  output: 'u8',
};

let kernels: LoadedKernels;
beforeAll(async () => {
  kernels = loadKernels(await loadKernelModules());
});

/** A race on a clock on which a run of each variant takes what `costNs` says; the kernels themselves do not run. */
function race(
  schemes: Scheme[],
  costNs: (id: string, nowNs: number) => number,
  aborted = false,
  referenceStepNs?: (nowNs: number) => number,
) {
  let nowNs = 0;
  const runs = new Map<string, number>();
  const call = (id: string) => () => {
    nowNs += costNs(id, nowNs);
    runs.set(id, (runs.get(id) ?? 0) + 1);
  };
  const clock = { nowNs: () => nowNs };
  const loop = (steps: number) => (nowNs += steps * referenceStepNs!(nowNs));
  const bench = {
    engine: new Engine({ ...kernels, call }),
    clock,
    ...(referenceStepNs && {
      reference: new ReferenceKernel(loop, clock),
      interruptions: { contextSwitches: () => 0 },
    }),
    positions: new StackPositions(),
    pause: async (ms: number) => {
      nowNs += ms * 1e6;
    },
    cancellation: { aborted },
    onProgress: () => {},
  };
  const subjects = schemes.map((scheme): [string, EntrySubject] => [
    entryKey(conv, scheme),
    { workload: conv, scheme },
  ]);
  return raceVariants(bench, new Map(subjects)).then((ranking) => ({
    of: (scheme: Scheme) => ranking.get(entryKey(conv, scheme)),
    runs,
  }));
}

describe('the race', () => {
  const eight = () => variantsFor(conv, 'w8a8').map(({ id }) => id);
  const ownFour = () => variantsFor(conv, 'w4a4').filter(({ scheme }) => scheme === 'w4a4');

  it('is won by the fastest that can do the work', async () => {
    const four = ownFour()[0].id;
    const { of } = await race(['w8a8', 'w4a4', 'w2a2'], (id) => (id === four ? 50_000 : 100_000));
    expect(of('w8a8')).toHaveLength(1);
    expect(eight()).toContain(of('w8a8')![0]);
    expect(of('w4a4')).toEqual([four]);
    expect(of('w2a2')).toEqual([four]);
  });

  it('makes a narrow scheme an alias where its own kernels do not pay', async () => {
    const { of } = await race(['w8a8', 'w4a4', 'w2a2'], (id) => (id.startsWith('w8a8') ? 98_000 : 100_000));
    expect(of('w4a4')).toEqual(of('w8a8'));
    expect(of('w2a2')).toEqual(of('w8a8'));
    const { of: worth } = await race(['w8a8', 'w4a4'], (id) => (id.startsWith('w8a8') ? 100_000 : 99_000));
    expect(worth('w4a4')).toEqual(worth('w8a8')); // one per cent is not worth a kernel of its own
  });

  it('lets slow variants drop out early', async () => {
    const [fast, ...slow] = eight();
    const four = ownFour()[0].id;
    const { runs } = await race(['w8a8', 'w4a4'], (id) => (id === fast || id === four ? 400_000 : 4_000_000));
    for (const id of slow) expect(runs.get(id)!).toBeLessThan(runs.get(fast)! / 1.5);
  });

  it('is not decided by a neighbour that slows the fastest more than the others', async () => {
    const [fast] = eight();
    // 8 ms beside other work, then 32 ms of calm
    const isDisturbed = (nowNs: number) => nowNs % 40e6 < 8e6;
    const costNs = (id: string, nowNs: number) => (id !== fast ? 60_000 : isDisturbed(nowNs) ? 120_000 : 50_000);
    const stepNs = (nowNs: number) => (isDisturbed(nowNs) ? 7 : 5);
    const seen = await race(['w8a8'], costNs, false, stepNs);
    expect(seen.of('w8a8')).toEqual([fast]);
    const unseen = await race(['w8a8'], costNs);
    expect(unseen.of('w8a8')).not.toEqual([fast]);
  });

  it('runs kernels on the real engine, and gives its memory back', async () => {
    const engine = new Engine(kernels);
    let tick = 0;
    const bench = {
      engine,
      clock: { nowNs: () => (tick += 100_000) },
      positions: new StackPositions(),
      pause: async () => {},
      cancellation: { aborted: false },
      onProgress: () => {},
    };
    const subjects = new Map([[entryKey(conv, 'w4a4'), { workload: conv, scheme: 'w4a4' as Scheme }]]);
    const first = await raceVariants(bench, subjects);
    expect(first.get(entryKey(conv, 'w4a4'))).toHaveLength(1);
    const bytes = kernels.memory.buffer.byteLength;
    for (let i = 0; i < 4; i++) await raceVariants(bench, subjects);
    expect(kernels.memory.buffer.byteLength).toBe(bytes);
  });

  it('ends when the user interrupts', async () => {
    await expect(race(['w8a8', 'w4a4'], () => 1000, true)).rejects.toMatchObject({ kind: 'interrupted' });
  });
});
