import { BitbudgetError } from '../../../src/core/errors.ts';
import { serveTasks } from '../../../src/node/worker-tasks.ts';

interface SampleTask {
  what: 'multiply' | 'refuse' | 'fail' | 'die' | 'wait' | 'sum';
  value?: number;
  bytes?: Uint8Array;
}

serveTasks(({ factor }: { factor: number }) => {
  if (factor < 0) throw new BitbudgetError('input', 'The factor is negative.', 'Use a positive one.');
  return async ({ what, value = 0, bytes }: SampleTask) => {
    if (what === 'refuse') throw new BitbudgetError('infeasible', 'Too small.', 'Use 3.', { latencyMs: 3 });
    if (what === 'fail') throw new RangeError('out of range');
    if (what === 'die') process.exit(9);
    if (what === 'wait') await new Promise((resolve) => setTimeout(resolve, value));
    if (what === 'sum') return bytes!.reduce((sum, byte) => sum + byte, 0);
    return value * factor;
  };
});
