import { describe, expect, it } from 'vitest';
import { lengthProblems, nameProblems, undocumentedProblems, wordProblems } from './file-rules.ts';
import { readSourceFiles } from './source-files.ts';

const codeFolders = ['src', 'assembly', 'test', 'scripts', 'bench'];
const codeExtensions = ['.ts', '.mts', '.js', '.mjs', '.html', '.css'];
const textPlaces = [...codeFolders, 'docs', 'devices', '.ci', 'README.md', 'CHANGELOG.md', 'package.json'];

describe('length', () => {
  it('stays under 400 lines in every file', () => {
    expect(readSourceFiles(codeFolders, codeExtensions).flatMap(lengthProblems)).toEqual([]);
  });

  it('is refused from 401 lines on, unless the file is generated', () => {
    const of = (text: string) => lengthProblems({ path: 'src/core/x.ts', text });
    expect(of('x\n'.repeat(400))).toEqual([]);
    expect(of('x\n'.repeat(401))).toHaveLength(1);
    expect(of(`// @generated\n${'x\n'.repeat(401)}`)).toEqual([]);
  });
});

describe('names of files', () => {
  it('are kebab-case and say something', () => {
    expect(readSourceFiles(codeFolders, codeExtensions).flatMap(({ path }) => nameProblems(path))).toEqual([]);
  });

  it.each([
    'src/core/BadName.ts',
    'src/core/bad_name.ts',
    'src/utils/x.ts',
    'src/core/string-helpers.ts',
    'test/common.ts',
  ])('refuse %s', (path) => expect(nameProblems(path)).toHaveLength(1));

  it.each(['src/core/good-name.ts', 'test/unit/good-name.test.ts', 'vitest.config.ts'])('allow %s', (path) =>
    expect(nameProblems(path)).toEqual([]),
  );
});

describe('words', () => {
  it('are free of markers, machine paths and hype', () => {
    const files = readSourceFiles(textPlaces, [...codeExtensions, '.md', '.json', 'run']);
    expect(files.flatMap(wordProblems)).toEqual([]);
  });

  it.each([
    ['TO', 'DO: later'],
    ['throw new Error("not impl', 'emented")'],
    ['cd /ho', 'me/someone/project'],
    ['open /wo', 'rk/main'],
    ['a bla', 'zingly fast tool'],
    ['https://regist', 'ry.npmjs.org'],
  ])('refuse %s%s', (first, second) => {
    expect(wordProblems({ path: 'x.md', text: first + second })).toHaveLength(1);
  });

  it('allow relative paths and plain words', () => {
    const relative = ['src/home/x.ts', 'wo'.concat('rk/main'), '../wo'.concat('rk/x')].join(', ');
    expect(wordProblems({ path: 'x.md', text: `see ${relative}; implemented` })).toEqual([]);
  });
});

describe('public functions', () => {
  it('all have a docstring', () => {
    expect(undocumentedProblems(readSourceFiles(['src'], ['.ts']))).toEqual([]);
  });

  it('without a docstring are refused where an index offers them, and only there', () => {
    const index = { path: 'src/core/index.ts', text: "export { a, b } from './x.ts';\nexport * from './y.ts';" };
    const x = {
      path: 'src/core/x.ts',
      text: '/** Does. */\nexport function a() {}\nexport function b() {}\nexport function c() {}',
    };
    const y = { path: 'src/core/y.ts', text: 'export async function d() {}' };
    expect(undocumentedProblems([index, x, y])).toEqual([
      'src/core/x.ts: b is public and has no docstring',
      'src/core/y.ts: d is public and has no docstring',
    ]);
  });
});
