import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of the repository; `path` is relative to its root, with forward slashes. */
export interface SourceFile {
  path: string;
  text: string;
}

/** The repository's root folder. */
export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));

const skippedFolders = new Set(['node_modules', 'dist', 'runs', 'coverage', '.git']);

/** All files below the given folders (or the files themselves) whose name ends in one of `extensions`, sorted by path. */
export function readSourceFiles(places: readonly string[], extensions: readonly string[]): SourceFile[] {
  const paths = places.flatMap((place) => pathsBelow(join(repositoryRoot, place)));
  return paths
    .map((path) => ({ absolute: path, path: relative(repositoryRoot, path).split(sep).join('/') }))
    .filter(({ path }) => extensions.some((extension) => path.endsWith(extension)))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ absolute, path }) => ({ path, text: readFileSync(absolute, 'utf8') }));
}

function pathsBelow(place: string): string[] {
  try {
    return readdirSync(place, { withFileTypes: true }).flatMap((entry) => {
      if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : pathsBelow(join(place, entry.name));
      return entry.isFile() ? [join(place, entry.name)] : [];
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTDIR') return [place];
    if (code === 'ENOENT') return []; // a folder of the layout that is not built yet, or a file another process removed
    throw error;
  }
}
