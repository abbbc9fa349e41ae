import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { examplesOf, runExample } from './docstring-examples.ts';
import { readSourceFiles, repositoryRoot } from './source-files.ts';

describe('docstring examples', () => {
  const files = readSourceFiles(['src'], ['.ts']).map((file) => ({ file, ...examplesOf(file) }));

  it('all say what they give', () => {
    expect(files.flatMap(({ file, incomplete }) => incomplete.map((line) => `${file.path}:${line}`))).toEqual([]);
  });

  it('all give what they say', async () => {
    const problems: string[] = [];
    for (const { file, examples } of files) {
      if (examples.length === 0) continue;
      const scope = await import(pathToFileURL(join(repositoryRoot, file.path)).href);
      for (const example of examples) {
        const problem = await runExample(example, scope);
        if (problem) problems.push(`${file.path}:${example.line}: ${example.expression} ${problem}`);
      }
    }
    expect(problems).toEqual([]);
  });

  it('are found, also over several lines and beside other tags', () => {
    const text = [
      '/**',
      ' * Doubles.',
      ' *',
      ' * @example double(2) // => 4',
      ' * @example [',
      ' *   double(3),',
      ' * ] // => [6]',
      ' * @throws never',
      ' */',
      '/** @example double(1) */',
    ].join('\n');
    const { examples, incomplete } = examplesOf({ path: 'x.ts', text });
    expect(examples.map(({ line, expected }) => [line, expected])).toEqual([
      [4, '4'],
      [5, '[6]'],
    ]);
    expect(examples[1].expression.replace(/\s/g, '')).toBe('[double(3),]');
    expect(incomplete).toEqual([10]);
  });

  it('fail when wrong, when they throw, and when a name is not exported', async () => {
    const double = (x: number) => 2 * x;
    const run = (expression: string, expected: string) => runExample({ line: 1, expression, expected }, { double });
    expect(await run('double(2)', '4')).toBeUndefined();
    expect(await run('Promise.resolve(double(2))', '4')).toBeUndefined();
    expect(await run('new Uint8Array([double(2)])', 'new Uint8Array([4])')).toBeUndefined();
    expect(await run('double(2)', '5')).toContain('gives 4');
    expect(await run('({ a: 1 })', '{ a: 2 }')).toContain('gives');
    expect(await run('missing(2)', '4')).toContain('throws');
  });
});
