import { expect, it } from 'vitest';
import { loadAutodiffOnNode } from '../../../src/node/training-files.ts';

it('loads automatic differentiation without leaving error handlers on the process', async () => {
  const count = () => process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
  const before = count();
  const autodiff = await loadAutodiffOnNode();
  expect(autodiff.tf.getBackend()).toBe('wasm');
  expect(count()).toBe(before);
});
