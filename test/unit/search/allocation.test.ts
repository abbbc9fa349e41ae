import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Files } from '../../../src/core/ports.ts';
import { allocationJsonSchema, parseAllocation, readAllocation } from '../../../src/search/index.ts';

describe('a problem', () => {
  it('adds up tables, chains, pairs and saturating blocks', () => {
    const model = parseAllocation({
      tables: {
        loss: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
      loss_blocks: [
        { layers: [0, 2], cap: 8 },
        { layers: [1], cap: 4 },
      ],
      loss_pairs: [
        {
          i: 2,
          j: 0,
          table: [
            [10, 20],
            [30, 40],
          ],
        },
      ],
      chain_tables: {
        latency: [
          [[1, 2]],
          [
            [3, 4],
            [5, 6],
          ],
          [
            [7, 8],
            [9, 10],
          ],
        ],
      },
    });
    // s = 2 + 6 = 8 of cap 8, and 3 of cap 4; the pair's rows are of layer 2.
    expect(model.value(0, [1, 0, 1])).toBeCloseTo(4 + 12 / 7 + 40, 12);
    expect(model.describe([1, 0, 1])).toMatchObject({ latency: 2 + 5 + 8 });
  });

  it('joins ties that overlap', () => {
    const tables = { loss: Array.from({ length: 5 }, () => [0, 1]) };
    const { ties } = parseAllocation({
      tables,
      ties: [
        [3, 1],
        [4, 3],
      ],
    }).parts;
    expect(ties).toEqual([[1, 3, 4]]);
  });

  it.each([
    ['nothing', undefined, /the document/],
    ['a list', [], /the document/],
    ['no loss', { tables: { latency: [[1]] } }, /"loss" is missing/],
    ['no layers', { tables: { loss: [] } }, /tables\.loss/],
    ['a text for a number', { tables: { loss: [['1']] } }, /tables\.loss\.0\.0/],
    ['another format', { format: 'mpa-2', tables: { loss: [[1]] } }, /format/],
    ['tables of other sizes', { tables: { loss: [[1, 2]], size: [[1]] } }, /tables\.size\.0: 1 choices, and 2/],
    ['a missing layer', { tables: { loss: [[1], [2]], size: [[1]] } }, /1 layers, and 2/],
    ['a pair with itself', { tables: { loss: [[1]] }, loss_pairs: [{ i: 0, j: 0, table: [[1]] }] }, /no two layers/],
    [
      'a pair of a wrong size',
      { tables: { loss: [[1], [1]] }, loss_pairs: [{ i: 0, j: 1, table: [[1, 2]] }] },
      /not 1 row/,
    ],
    ['pairs of no metric', { tables: { loss: [[1]] }, speed_pairs: [] }, /speed_pairs/],
    [
      'a chain of a wrong size',
      { tables: { loss: [[1]] }, chain_tables: { size: [[[1, 2]]] } },
      /chain_tables\.size\.0\.0/,
    ],
    ['ties of unlike layers', { tables: { loss: [[1], [1, 2]] }, ties: [[0, 1]] }, /1 and 2 choices/],
    ['ties of no layer', { tables: { loss: [[1], [1]] }, ties: [[0, 7]] }, /no layer 7/],
    ['a layer in two blocks', { tables: { loss: [[1]] }, loss_blocks: [{ layers: [0, 0], cap: 1 }] }, /two blocks/],
    ['a layer in no block', { tables: { loss: [[1], [1]] }, loss_blocks: [{ layers: [0], cap: 1 }] }, /every layer/],
    ['a budget of no metric', { tables: { loss: [[1]] }, budgets: [{ name: 'b', limits: { speed: 1 } }] }, /no table/],
    [
      'two budgets of a name',
      {
        tables: { loss: [[1]] },
        budgets: [
          { name: 'b', limits: {} },
          { name: 'b', limits: {} },
        ],
      },
      /two are/,
    ],
  ])('is refused with %s, and the place is named', (_, problem, place) => {
    expect(() => parseAllocation(problem, 'x.json')).toThrow(place);
    expect(() => parseAllocation(problem, 'x.json')).toThrow(/^x\.json is no allocation problem: /);
  });

  it.each([
    ['cut off', '{"tables": {', /cut off at line 1/],
    ['no JSON', 'loss', /no JSON/],
    ['empty', '', /is empty/],
  ])('is refused with its fault when its file is %s', async (_, text, fault) => {
    await expect(readAllocation(fileWith(text), 'x.json')).rejects.toThrow(fault);
  });

  it('has the JSON Schema that is published', () => {
    const published = readFileSync(new URL('../../../docs/schema/problem.schema.json', import.meta.url), 'utf8');
    expect(published).toBe(`${JSON.stringify(allocationJsonSchema(), null, 2)}\n`);
  });
});

function fileWith(text: string): Files {
  return { exists: async () => true, readText: async () => text } as Partial<Files> as Files;
}
