import { inspect, isDeepStrictEqual } from 'node:util';
import { lineAt } from './code-text.ts';
import type { SourceFile } from './source-files.ts';

/** One `@example expression // => value` of a docstring. */
export interface DocstringExample {
  line: number;
  expression: string;
  expected: string;
}

/** The executable examples of a file, and the lines of those that promise no value. */
export function examplesOf(file: SourceFile): { examples: DocstringExample[]; incomplete: number[] } {
  const examples: DocstringExample[] = [];
  const incomplete: number[] = [];
  for (const comment of file.text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    for (const tag of comment[0].matchAll(/@example\b([\s\S]*?)(?=\n\s*\*\s*@|\*\/$)/g)) {
      const line = lineAt(file.text, comment.index + tag.index);
      const text = tag[1].replace(/^\s*\*\s?/gm, '').trim();
      const match = /^([\s\S]*?)\s*\/\/ =>\s*(.+)$/m.exec(text);
      if (match) examples.push({ line, expression: match[1], expected: match[2] });
      else incomplete.push(line);
    }
  }
  return { examples, incomplete };
}

const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => (...values: unknown[]) => unknown;

/**
 * Runs an example with a module's exports in scope. Both sides may be promises.
 *
 * @returns undefined if both sides are equal, else what is wrong.
 */
export async function runExample(example: DocstringExample, scope: object): Promise<string | undefined> {
  const names = Object.keys(scope).filter((name) => name !== 'default');
  const values = names.map((name) => (scope as Record<string, unknown>)[name]);
  const evaluate = async (code: string) => new AsyncFunction(...names, `return (${code}\n);`)(...values);
  try {
    const [actual, expected] = [await evaluate(example.expression), await evaluate(example.expected)];
    return isDeepStrictEqual(actual, expected) ? undefined : `gives ${inspect(actual)}, not ${inspect(expected)}`;
  } catch (error) {
    return `throws ${error}`;
  }
}
