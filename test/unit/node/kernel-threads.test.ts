import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Threads } from '../../../src/core/ports.ts';
import { Random } from '../../../src/core/random.ts';
import { startTeam } from '../../../src/kernels/start-team.ts';
import type { LoadedKernels } from '../../../src/kernels/types.ts';
import { DEFAULT_CALIBRATION } from '../../../src/node/calibrated-source.ts';
import { nodeClock } from '../../../src/node/clock.ts';
import { workerEntry } from '../../../src/node/entry-resolution.ts';
import { loadKernelModules } from '../../../src/node/kernel-files.ts';
import { nodeThreads, openKernels } from '../../../src/node/kernel-threads.ts';
import { createEngine } from '../../../src/node/network-engine.ts';
import { openWorkbench } from '../../../src/node/workbench.ts';
import { quantizeNetwork } from '../../../src/quant/quantize.ts';
import type { Scheme } from '../../../src/quant/scheme.ts';
import { weightedLayers } from '../../../src/quant/tensor-plan.ts';

const calibration = { ...DEFAULT_CALIBRATION, samples: 2 };
const SCHEMES: Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a4', 'w2a2', 'w1a1'];

describe('an engine with several threads', () => {
  it.each(['resnet8', 'ds-cnn', 'mobilenet-v1-0.25'])(
    'gives the logits of one thread for %s, bit for bit',
    async (name) => {
      const { folded, source, images, engine: single } = await openWorkbench(name, { calibration });
      const random = new Random(5);
      const mixed = () =>
        new Map(weightedLayers(folded).map((layer) => [layer, SCHEMES[random.below(SCHEMES.length)]]));
      const uniform = (scheme: Scheme) => new Map(weightedLayers(folded).map((layer) => [layer, scheme]));
      const networks = [uniform('f32'), uniform('w8a8'), uniform('w4a4'), mixed(), mixed()].map((schemes) =>
        quantizeNetwork(source, schemes),
      );
      const expected = networks.map((network) => single.load(network).run(images[0]));
      for (const threads of name === 'resnet8' ? [2, 3] : [2]) {
        const { engine } = await createEngine({ threads });
        expect(engine.threads).toBe(threads);
        const sessions = networks.map((network) => engine.load(network));
        expect(sessions[0].steps.some(({ parts }) => parts === threads)).toBe(true);
        for (let round = 0; round < 2; round++) {
          expect(sessions.map((session) => session.run(images[0]))).toEqual(expected);
        }
        await engine.dispose();
      }
    },
  );

  it('runs nothing after it was disposed, and can be disposed again', async () => {
    const { folded, source, images, engine } = await openWorkbench('resnet8', { calibration, threads: 2 });
    const session = engine.load(quantizeNetwork(source, new Map(weightedLayers(folded).map((name) => [name, 'w8a8']))));
    session.run(images[0]);
    await engine.dispose();
    await engine.dispose();
    expect(() => session.run(images[0])).toThrow(
      expect.objectContaining({ kind: 'unsupported', message: expect.stringMatching(/was disposed/) }),
    );
  });

  it.each([0, 1.5, 65, Number.NaN])('refuses %s threads', async (threads) => {
    await expect(createEngine({ threads })).rejects.toMatchObject({ kind: 'usage' });
  });

  it('answers again after it has slept', async () => {
    const { team, ...kernels } = await openKernels(2);
    await new Promise((resolve) => setTimeout(resolve, 50)); // more than ten times what a helper stays awake
    expect(() => team!.run(() => {}, -1, [0, 0])).not.toThrow();
    expect(kernels.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    await team!.dispose();
  });
});

describe('a helper thread that dies', () => {
  /** A team of two whose helper the test holds in its hands. */
  async function teamWith(): Promise<{ kernels: LoadedKernels; worker: Worker }> {
    let worker: Worker | undefined;
    const threads: Threads = {
      async start(task, onEnd) {
        const entry = workerEntry(new URL('../../../src/node/kernel-thread.ts', import.meta.url));
        worker = new Worker(entry, { workerData: task });
        await once(worker, 'message');
        worker.once('exit', () => onEnd('it was ended.'));
        return async () => void (await worker!.terminate());
      },
    };
    const modules = await loadKernelModules({ shared: true });
    return { kernels: await startTeam(modules, 2, { threads, clock: nodeClock, naps: 3 }), worker: worker! };
  }

  it('is an error of the next layer', async () => {
    const { kernels, worker } = await teamWith();
    await worker.terminate();
    expect(() => kernels.team!.run(() => {}, -1, [0, 0])).toThrow('A kernel thread failed: it was ended.');
    await kernels.team!.dispose();
  });

  it('changes nothing while this thread is too busy to be told, and is an error then', async () => {
    const { kernels, worker } = await teamWith();
    const ended = once(worker, 'exit');
    void worker.terminate();
    let own = 0;
    for (let n = 0; n < 100; n++) {
      kernels.team!.run(() => own++, -1, [0, 0]);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // time to die
    }
    expect(own).toBeGreaterThan(100); // the helper's parts as well
    await ended;
    expect(() => kernels.team!.run(() => {}, -1, [0, 0])).toThrow(/^A kernel thread failed: /);
    await kernels.team!.dispose();
  });

  it('is an error of the start where it never comes up', async () => {
    const modules = await loadKernelModules({ shared: true });
    const start = (threads: Threads) => startTeam(modules, 2, { threads, clock: nodeClock, naps: 3 });
    const refusing: Threads = { start: () => Promise.reject(new Error('no more threads')) };
    await expect(start(refusing)).rejects.toMatchObject({
      kind: 'unsupported',
      message: expect.stringMatching(/no more threads$/),
    });
    const silent: Threads = { start: async () => async () => {} };
    await expect(start(silent)).rejects.toMatchObject({
      kind: 'unsupported',
      message: expect.stringMatching(/does not answer/),
    });
  });

  it('cannot be started with modules of one thread', async () => {
    const modules = await loadKernelModules();
    await expect(startTeam(modules, 2, { threads: nodeThreads, clock: nodeClock })).rejects.toThrow(/memory/);
  });
});
