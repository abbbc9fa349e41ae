import { expect, it } from 'vitest';
import { StackPositions } from '../../../src/measure/stack-positions.ts';

/** How many frames a call lies deep. */
function frames(): number {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  const lines = new Error().stack!.split('\n').length;
  Error.stackTraceLimit = limit;
  return lines;
}

it('runs samples at all positions of a page, each about equally often', () => {
  const positions = new StackPositions();
  const depths = new Map<number, number>();
  for (let sample = 0; sample < 430; sample++) {
    const depth = positions.next()(frames);
    depths.set(depth, (depths.get(depth) ?? 0) + 1);
  }
  expect(depths.size).toBe(43);
  expect(Math.min(...depths.values())).toBeGreaterThanOrEqual(8);
  expect(Math.max(...depths.values())).toBeLessThanOrEqual(12);
});

it('keeps to one position for all runs of a sample, and hands results on', () => {
  const at = new StackPositions().next();
  expect(at(frames)).toBe(at(frames));
  expect(at(() => 'done')).toBe('done');
});
