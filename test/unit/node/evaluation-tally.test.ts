import { describe, expect, it } from 'vitest';
import { EvaluationTally } from '../../../src/node/evaluation-seat.ts';

describe('the tally of an evaluation', () => {
  it.each([
    [1, 100],
    [3, 7],
    [40, 5],
  ])('gives every image out once, for %d networks and %d images', (networks, count) => {
    const memory = EvaluationTally.memory(networks);
    const seats = [new EvaluationTally(memory, count), new EvaluationTally(memory, count)];
    const taken: number[] = [];
    for (let turn = 0; ; turn++) {
      const seat = seats[turn % 2];
      const stretch = seat.take();
      if (!stretch) break;
      for (let image = stretch.from; image < stretch.to; image++) taken.push(image);
      seat.enter(stretch.to - stretch.from, new Array(networks).fill(1));
    }
    expect(taken).toEqual(Array.from({ length: count }, (_, image) => image));
    expect(seats[0].done).toBe(count);
    expect(seats[1].take()).toBeUndefined();
    expect(new Set(seats[1].correct).size).toBe(1);
  });

  it('gives out nothing once it is stopped, and keeps what was entered', () => {
    const tally = new EvaluationTally(EvaluationTally.memory(2), 50);
    tally.enter(4, [3, 2]);
    tally.stop();
    expect(tally.take()).toBeUndefined();
    expect([tally.done, ...tally.correct]).toEqual([4, 3, 2]);
  });
});
