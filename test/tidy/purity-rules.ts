import { builtinModules } from 'node:module';
import { blankComments, lineAt } from './code-text.ts';
import { importsOf, ranks } from './import-rules.ts';
import type { SourceFile } from './source-files.ts';

const highestPureRank = 7;

/** Names of one environment, or of time, chance and locale; a pure file gets these through a port of core, if at all. */
const environmentNames = [
  ...['console', 'process', 'Buffer', 'require', '__dirname', '__filename', 'global', 'Date', 'performance', 'crypto'],
  ...['window', 'document', 'navigator', 'fetch', 'XMLHttpRequest', 'localStorage', 'sessionStorage', 'indexedDB'],
  ...['Worker', 'Blob', 'Image', 'alert', 'requestAnimationFrame'],
];

/** Names that are the environment's whatever a file declares. */
const neverLocal = new Set(['console', 'process', 'Date', 'Buffer', 'require', 'fetch']);

/** What ties a file of ranks 0 to 7 to one environment; empty for files of higher rank. */
export function purityProblems(file: SourceFile): string[] {
  const folder = /^src\/([^/]+)\//.exec(file.path)?.[1];
  const rank = ranks[folder ?? ''] ?? 0;
  const at = (line: number, what: string) => `${file.path}:${line}: ${what}`;
  const imports = importsOf(file)
    .filter(({ specifier }) => isNodeModule(specifier))
    .map(({ specifier, line }) => at(line, `imports ${specifier}`));
  if (rank > highestPureRank) return folder === 'browser' ? imports : [];

  const code = blankComments(file.text, { strings: true });
  const uses = [...environmentUses(code), ...memberUses(code)];
  return [...imports, ...uses.map(({ position, what }) => at(lineAt(code, position), what))];
}

function isNodeModule(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

interface Use {
  position: number;
  what: string;
}

function environmentUses(code: string): Use[] {
  return environmentNames.flatMap((name) => {
    if (!neverLocal.has(name) && declares(code, name)) return [];
    const uses = [...code.matchAll(new RegExp(`(?<![.\\w$#])${name}(?![\\w$])`, 'g'))];
    return uses
      .filter((match) => !isPropertyName(code, match.index, name.length))
      .map((match) => ({ position: match.index, what: `uses ${name}` }));
  });
}

function memberUses(code: string): Use[] {
  const patterns: [RegExp, string][] = [
    [/\bMath\s*\.\s*random\b/g, 'uses Math.random'],
    [/\bglobalThis\b/g, 'uses globalThis'],
    [/\.(?:localeCompare|toLocale\w+)\b/g, 'depends on the locale'],
    [/\bimport\s*\(\s*(?!['"])/g, 'loads a module whose name is computed'],
  ];
  return patterns.flatMap(([pattern, what]) =>
    [...code.matchAll(pattern)].map((match) => ({ position: match.index, what })),
  );
}

/** Whether a file declares the name itself: then it is not the environment's. */
function declares(code: string, name: string): boolean {
  const binding = `(?:const|let|var|function|class|interface|type)\\s+${name}\\b`;
  const destructured = `(?:const|let)\\s*[{[][^}\\]=]*\\b${name}\\b[^}\\]]*[}\\]]\\s*=`;
  const parameter = `[(,]\\s*${name}\\s*(?:\\??:|\\)\\s*=>)`;
  const imported = `import\\s+(?:type\\s+)?\\{[^}]*\\b${name}\\b`;
  return new RegExp(`${binding}|${destructured}|${parameter}|${imported}`).test(code);
}

/** A key of an object or type, or a method's name. */
function isPropertyName(code: string, start: number, length: number): boolean {
  const before = code.slice(0, start).trimEnd().at(-1) ?? '{';
  const after = code.slice(start + length);
  return '{,;}'.includes(before) && /^\??\s*:/.test(after);
}
