import { posix } from 'node:path';
import { blankComments, lineAt } from './code-text.ts';
import type { SourceFile } from './source-files.ts';

/** Rank of each folder of src; a folder imports only folders of lower rank. */
export const ranks: Readonly<Record<string, number>> = {
  core: 0,
  network: 1,
  data: 1,
  quant: 2,
  kernels: 3,
  lut: 3,
  engine: 4,
  autodiff: 4,
  cost: 4,
  search: 4,
  space: 5,
  measure: 5,
  accuracy: 5,
  study: 6,
  train: 7,
  export: 7,
  verify: 7,
  report: 7,
  serve: 7,
  fleet: 7,
  node: 8,
  browser: 8,
  cli: 9,
};

/** A search runs anywhere from JSON: these never see a kernel. */
const kernelFree = new Set(['search', 'lut', 'cost', 'space']);

export interface ImportSite {
  specifier: string;
  line: number;
}

/** Every module that a file imports, re-exports, loads on demand or names in a type. */
export function importsOf(file: SourceFile): ImportSite[] {
  const code = blankComments(file.text, { strings: false });
  const bare = blankComments(file.text, { strings: true });
  const sites: ImportSite[] = [];
  const pattern = /\b(?:import|export)\b[^;'"`]*?\bfrom\s*['"]|\bimport\s*\(?\s*['"]/g;
  for (const match of bare.matchAll(pattern)) {
    const start = match.index + match[0].length;
    const specifier = /^[^'"]*/.exec(code.slice(start))![0];
    sites.push({ specifier, line: lineAt(code, match.index) });
  }
  return sites;
}

/** Imports of a file under src that break the rank rule or reach for a package that its folder may not use. */
export function importProblems(file: SourceFile): string[] {
  const folder = folderOf(file.path);
  if (folder === undefined || ranks[folder] === undefined) return [`${file.path}: not in a folder of the layout`];
  return importsOf(file).flatMap(({ specifier, line }) => {
    const problem = specifier.startsWith('.')
      ? relativeProblem(file.path, folder, specifier)
      : packageProblem(file.path, folder, specifier);
    return problem ? [`${file.path}:${line}: ${problem}`] : [];
  });
}

function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function relativeProblem(path: string, folder: string, specifier: string): string | undefined {
  const target = folderOf(posix.join(posix.dirname(path), specifier));
  if (target === undefined) return `imports ${specifier}, which is outside the folders of src`;
  if (target === folder) return undefined;
  if (ranks[target] === undefined) return `imports ${specifier}, which is in no folder of the layout`;
  if (ranks[target] >= ranks[folder]) {
    return `${folder} (rank ${ranks[folder]}) imports ${target} (rank ${ranks[target]}); only lower ranks are allowed`;
  }
  if (kernelFree.has(folder) && (target === 'kernels' || target === 'engine')) {
    return `${folder} imports ${target}; a search must run without kernels`;
  }
  return undefined;
}

function packageProblem(path: string, folder: string, specifier: string): string | undefined {
  if (specifier.startsWith('@tensorflow/')) {
    const allowed = folder === 'autodiff' || folder === 'train' || /^src\/network\/import\/tfjs/.test(path);
    return allowed ? undefined : `imports ${specifier}; only autodiff, train and the tfjs importer may`;
  }
  if (specifier === 'commander' && folder !== 'cli') return 'imports commander; only cli may';
  return undefined;
}
