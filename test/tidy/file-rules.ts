import { posix } from 'node:path';
import { blankComments, lineAt } from './code-text.ts';
import type { SourceFile } from './source-files.ts';

/** No file is longer; generated ones, which say `@generated` in their first lines, are exempt. */
export const longestFileLines = 400;

export function lengthProblems(file: SourceFile): string[] {
  if (/@generated\b/.test(file.text.slice(0, 400))) return [];
  const lines = file.text.replace(/\n$/, '').split('\n').length;
  return lines > longestFileLines
    ? [`${file.path}: ${lines} lines, more than ${longestFileLines}; make it a folder`]
    : [];
}

const vagueNames = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'managers', 'common', 'misc', 'stuff']);

export function nameProblems(path: string): string[] {
  return path.split('/').flatMap((part) => {
    const name = part
      .replace(/\.(?:(?:test|worker|d|config)\.)?(?:ts|mts|js|mjs|json|html|css)$/, '')
      .replace(/^\./, '');
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return [`${path}: "${part}" is not kebab-case`];
    const vague = name.split('-').find((word) => vagueNames.has(word));
    return vague ? [`${path}: "${vague}" says nothing; name what it does`] : [];
  });
}

// Written so that a search for these words does not find this file.
const forbiddenTexts: [RegExp, string][] = [
  [/\b(?:TOD[O]|FIXM[E]|XX[X])\b/, 'a marker of unfinished work'],
  [/\bnot (?:yet )?implemente[d]\b/i, 'what is not built is absent'],
  [/(?<![\w.~])\/(?:wor[k]|hom[e]\/\w+|roo[t]|User[s])\//, 'a path of one machine'],
  [/\b[A-Z]:\\{1,2}User[s]\b/, 'a path of one machine'],
  [/regis[t]ry\.(?:npm|yarn)|deb\.debia[n]/, "a package registry's host"],
  [
    /\b(?:blazin[g](?:ly)?|cutting[- ]edg[e]|revolutionar[y]|game[- ]chang\w+|seamles[s]\w*|state[- ]of[- ]the[- ]ar[t])\b/i,
    'hype',
  ],
];

export function wordProblems(file: SourceFile): string[] {
  return forbiddenTexts.flatMap(([pattern, why]) => {
    const match = pattern.exec(file.text);
    return match ? [`${file.path}:${lineAt(file.text, match.index)}: "${match[0]}" is ${why}`] : [];
  });
}

/** Functions that a folder's index offers to others although nothing is said about them. */
export function undocumentedProblems(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return files
    .filter(({ path }) => posix.basename(path) === 'index.ts')
    .flatMap((index) => reexportProblems(index, byPath));
}

function reexportProblems(index: SourceFile, byPath: ReadonlyMap<string, SourceFile>): string[] {
  const code = blankComments(index.text, { strings: false });
  const own = definitionsWithoutDocstring(index, undefined);
  const offered = [...code.matchAll(/export\s+(?:\*|\{([^}]*)\})\s+from\s+'(\.[^']+)'/g)].flatMap(
    ([, list, target]) => {
      const file = byPath.get(posix.join(posix.dirname(index.path), target));
      if (!file || posix.basename(file.path) === 'index.ts') return [];
      const names = list?.split(',').map((entry) => entry.trim().split(/\s+as\s+/)[0]);
      return definitionsWithoutDocstring(file, names);
    },
  );
  return [...own, ...offered];
}

function definitionsWithoutDocstring(file: SourceFile, names: readonly string[] | undefined): string[] {
  return [...file.text.matchAll(/^export\s+(?:async\s+)?(?:function\*?|class)\s+(\w+)/gm)].flatMap((match) => {
    const documented = file.text.slice(0, match.index).trimEnd().endsWith('*/');
    const offered = names === undefined || names.includes(match[1]);
    return offered && !documented ? [`${file.path}: ${match[1]} is public and has no docstring`] : [];
  });
}
