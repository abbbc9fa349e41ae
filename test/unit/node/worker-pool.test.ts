import { afterEach, describe, expect, it } from 'vitest';
import { createWorkerPool, type WorkerPool } from '../../../src/node/worker-pool.ts';

const entry = new URL('./sample-worker.ts', import.meta.url);
let pool: WorkerPool<object, number>;
const open = (size: number, workerData: unknown = { factor: 3 }) => (pool = createWorkerPool(entry, size, workerData));

afterEach(() => pool.close());

describe('a worker pool', () => {
  it('runs more tasks than it has threads, each answer to its own question', async () => {
    open(2);
    const values = Array.from({ length: 20 }, (_, i) => i);
    const results = await Promise.all(values.map((value) => pool.run({ what: 'multiply', value })));
    expect(results).toEqual(values.map((value) => 3 * value));
  });

  it('runs side by side', async () => {
    open(2);
    await Promise.all([0, 0].map((value) => pool.run({ what: 'multiply', value }))); // threads are up
    const start = performance.now();
    await Promise.all([400, 400].map((value) => pool.run({ what: 'wait', value })));
    expect(performance.now() - start).toBeLessThan(750);
  });

  it('hands errors over with kind, remedy and reachable values, and goes on', async () => {
    open(1);
    await expect(pool.run({ what: 'refuse' })).rejects.toMatchObject({
      kind: 'infeasible',
      remedy: 'Use 3.',
      exitCode: 3,
      reachable: { latencyMs: 3 },
    });
    await expect(pool.run({ what: 'fail' })).rejects.toThrow('out of range');
    expect(await pool.run({ what: 'multiply', value: 2 })).toBe(6);
  });

  it('fails every task with the error of a preparation that failed', async () => {
    open(1, { factor: -1 });
    await expect(pool.run({ what: 'multiply' })).rejects.toMatchObject({ kind: 'input' });
  });

  it('fails running and waiting tasks when a thread dies or the pool is closed', async () => {
    open(1);
    const dying = [pool.run({ what: 'die' }), pool.run({ what: 'multiply', value: 1 })];
    expect((await Promise.allSettled(dying)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);

    open(1);
    const waiting = [pool.run({ what: 'wait', value: 10_000 }), pool.run({ what: 'multiply' })];
    const settled = Promise.allSettled(waiting);
    await pool.close();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(pool.run({ what: 'multiply' })).rejects.toThrow('closed');
  });

  it('hands buffers over without copying where asked', async () => {
    open(1);
    const bytes = new Uint8Array([1, 2, 3]);
    expect(await pool.run({ what: 'sum', bytes }, [bytes.buffer])).toBe(6);
    expect(bytes.byteLength).toBe(0);
  });
});
