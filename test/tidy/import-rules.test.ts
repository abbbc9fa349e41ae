import { describe, expect, it } from 'vitest';
import { importProblems, importsOf } from './import-rules.ts';
import { readSourceFiles } from './source-files.ts';

const problemsOf = (path: string, text: string) => importProblems({ path, text });

describe('import ranks', () => {
  it('hold in every file of src', () => {
    expect(readSourceFiles(['src'], ['.ts']).flatMap(importProblems)).toEqual([]);
  });

  it('refuse an import of a higher rank, also of a type alone', () => {
    expect(problemsOf('src/quant/bad.ts', "import type { X } from '../kernels/types.ts';")).toHaveLength(1);
  });

  it('refuse an import between folders of one rank', () => {
    expect(problemsOf('src/network/bad.ts', "import { x } from '../data/synthetic.ts';")).toHaveLength(1);
  });

  it('refuse kernels and engine in what must run from JSON alone', () => {
    expect(problemsOf('src/cost/bad.ts', "import { registry } from '../kernels/registry.ts';")).toHaveLength(1);
    expect(problemsOf('src/space/bad.ts', "export * from '../engine/index.ts';")).toHaveLength(1);
  });

  it('refuse tfjs and commander outside their rooms', () => {
    expect(problemsOf('src/network/zoo/bad.ts', "import * as tf from '@tensorflow/tfjs';")).toHaveLength(1);
    expect(problemsOf('src/network/import/tfjs-layers.ts', "import * as tf from '@tensorflow/tfjs';")).toEqual([]);
    expect(problemsOf('src/node/bad.ts', "import { Command } from 'commander';")).toHaveLength(1);
    expect(problemsOf('src/cli/good.ts', "import { Command } from 'commander';")).toEqual([]);
  });

  it('refuse folders that the layout does not know, and files outside any folder', () => {
    expect(problemsOf('src/misc/bad.ts', '')).toHaveLength(1);
    expect(problemsOf('src/bad.ts', '')).toHaveLength(1);
    expect(problemsOf('src/core/bad.ts', "import x from '../../scripts/build.mjs';")).toHaveLength(1);
  });
});

describe('reading imports', () => {
  it('sees static, side-effect, dynamic and type imports, and re-exports', () => {
    const text = [
      "import { a } from './a.ts';",
      "import './b.ts';",
      "const c = await import('./c.ts');",
      "let d: import('./d.ts').D;",
      'export {\n  e,\n} from "./e.ts";',
    ].join('\n');
    expect(importsOf({ path: 'src/core/x.ts', text }).map((site) => site.specifier)).toEqual([
      './a.ts',
      './b.ts',
      './c.ts',
      './d.ts',
      './e.ts',
    ]);
  });

  it('is not misled by comments and strings', () => {
    const text = "// import './a.ts'\nconst s = \"import './b.ts'\"; /* import('./c.ts') */ const t = `from './d.ts'`;";
    expect(importsOf({ path: 'src/core/x.ts', text })).toEqual([]);
  });
});
