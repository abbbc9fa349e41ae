import { describe, expect, it } from 'vitest';
import { purityProblems } from './purity-rules.ts';
import { readSourceFiles } from './source-files.ts';

const problemsOf = (text: string, path = 'src/core/sample.ts') => purityProblems({ path, text });

describe('ranks 0 to 7', () => {
  it('know no environment', () => {
    expect(readSourceFiles(['src'], ['.ts']).flatMap(purityProblems)).toEqual([]);
  });

  it.each([
    "import { readFile } from 'node:fs/promises';",
    "import fs from 'fs';",
    "const os = await import('node:os');",
    'console.log(1);',
    'const id = process.pid;',
    'const now = Date.now();',
    'const now = new Date();',
    'const x = Math.random();',
    'const x = performance.now();',
    'document.title;',
    'const w = flag ? window : undefined;',
    "await fetch('x');",
    'const f = { fetch };',
    'const g = globalThis;',
    'names.sort((a, b) => a.localeCompare(b));',
    'const m = await import(name);',
    `const s = \`\${process.pid}\`;`,
    'const b = Buffer.from([]);',
  ])('refuse %s', (text) => {
    expect(problemsOf(text)).toHaveLength(1);
  });

  it.each([
    '// console.log of the document',
    "const s = 'new Date() in the window';",
    `const s = \`process \${1} Date\`;`,
    'const window = 3; use(window);',
    'function slide(window: number) { return window; }',
    'const t = { document: 1 };',
    'const x = random.real();',
    'const d = validDate;',
    'const r = /Date/.test(s);',
  ])('allow %s', (text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  it('end where the ports are made real, and the browser still imports no node module', () => {
    expect(problemsOf("import 'node:fs'; console.log(Date.now());", 'src/node/sample.ts')).toEqual([]);
    expect(problemsOf("import 'node:fs'; document.title;", 'src/browser/sample.ts')).toHaveLength(1);
  });
});
