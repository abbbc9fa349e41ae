import { describe, expect, it } from 'vitest';
import { checkPicks, type PickTable, parsePick, parseValues, pickRow } from '../../../src/cli/picks.ts';

/** Accuracies stand negated, as everything is minimised; the second row is dominated. */
const table: PickTable = {
  names: ['accuracy', 'latency', 'size'],
  objectives: ['accuracy', 'latency'],
  negated: ['accuracy'],
  rows: [
    [-0.95, 10, 70],
    [-0.9, 9, 10],
    [-0.93, 3, 60],
    [-0.8, 2, 50],
    [-0.5, 1, 40],
  ],
};
const pick = (text: string) => pickRow(parsePick(text), table);

describe('a pick', () => {
  it('is the most accurate point within its budgets, dominated in the objectives or not', () => {
    expect(pick('best:latency=9')).toBe(2);
    expect(pick('best:latency=2.5')).toBe(3);
    expect(pick('best:size=30')).toBe(1);
    expect(pick('best:size=30,latency=1')).toBeUndefined();
    expect(pick('best:accuracy=0.94')).toBe(0);
  });

  it('is the knee of the front', () => {
    expect(pick('knee')).toBe(2);
  });

  it('is nearest to a wish, of which what is not named is as good as can be', () => {
    expect(pick('wish:accuracy=0.95,latency=10')).toBe(0);
    expect(pick('wish:accuracy=0.5')).toBe(4);
    expect(pick('wish:accuracy=0.8,latency=2')).toBe(3);
  });

  it('is none where there are no points', () => {
    for (const text of ['knee', 'best:latency=1', 'wish:latency=1']) {
      expect(pickRow(parsePick(text), { ...table, rows: [] })).toBeUndefined();
    }
  });

  it.each(['', 'nee', 'knee:', 'knee:latency=1', 'best', 'best:', 'best:latency', 'best:latency=', 'best:latency=x'])(
    'is not "%s"',
    (text) => {
      expect(() => parsePick(text)).toThrow('Write');
    },
  );

  it('is refused where it names what the search does not have', () => {
    const check = (text: string) => checkPicks([parsePick(text)], table.names, table.objectives);
    expect(() => check('best:size=3')).not.toThrow();
    expect(() => check('best:latncy=3')).toThrow(/"latncy"/);
    expect(() => check('wish:size=3')).toThrow(/--pick wish names "size"/);
  });
});

describe('values by name', () => {
  it('are numbers, each name once, and nothing that an object brings along', () => {
    expect(parseValues('accuracy=-0.2, latency=3e2')).toEqual({ accuracy: -0.2, latency: 300 });
    expect(() => parseValues('a=1,a=2')).toThrow('once');
    expect(() => parseValues('a=1=2')).toThrow('Write');
    expect(() => checkPicks([parsePick('best:__proto__=1')], ['loss'], ['loss'])).toThrow('__proto__');
  });
});
