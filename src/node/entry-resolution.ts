import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The module to give to `new Worker`. Modules are named by their TypeScript source, `new URL('./x.ts', import.meta.url)`:
 * in the built package only the `.js` beside it exists; from source a first module loads the TypeScript loader of the
 * development dependencies, which does not reach into threads by itself.
 */
export function workerEntry(entry: URL): URL {
  if (!isSource(entry)) return builtEntry(entry);
  const loader = import.meta.resolve('tsx/esm/api');
  const code = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(entry.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** The arguments with which `process.execPath` runs a module as a process of its own. */
export function processArguments(entry: URL): string[] {
  const path = fileURLToPath(isSource(entry) ? entry : builtEntry(entry));
  return isSource(entry) ? ['--import', import.meta.resolve('tsx'), path] : [path];
}

function isSource(entry: URL): boolean {
  return entry.pathname.endsWith('.ts') && existsSync(entry);
}

function builtEntry(entry: URL): URL {
  return new URL(entry.href.replace(/\.ts$/, '.js'));
}
