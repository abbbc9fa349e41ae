import { createHash } from 'node:crypto';

/**
 * SHA-256 of each exported kernel: of the text of its function and of every function that it calls, at any depth, in
 * order of first call, then of the module's globals and data. So a table entry can be refused when the code that it
 * timed has changed, while another kernel's change leaves it valid.
 *
 * The packing in TypeScript is not part of the hash: it runs before the clock starts, its results are checked bit for bit
 * by the self-test, and a layout that the timed code sees differently changes that code too.
 *
 * @param {string} wat the module in text format, with function names.
 * @returns {Record<string, string>} hash by export name, sorted.
 */
export function kernelHashes(wat) {
  const items = topLevelItems(wat);
  const functions = new Map();
  const shared = [];
  const exported = [];
  for (const item of items) {
    const definition = /^\(func (\S+)/.exec(item);
    if (definition) functions.set(definition[1], withoutTypeNames(item));
    const exportedFunction = /^\(export "([^"]+)" \(func (\S+)\)\)/.exec(item);
    if (exportedFunction) exported.push([exportedFunction[1], exportedFunction[2]]);
    if (/^\((global|data|elem|table) /.test(item)) shared.push(item);
  }
  exported.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    exported.map(([name, symbol]) => {
      const hash = createHash('sha256');
      for (const callee of reachable(symbol, functions)) hash.update(functions.get(callee));
      for (const item of shared) hash.update(item);
      return [name, hash.digest('hex')];
    }),
  );
}

/** The function and its callees, depth first, each once. */
function reachable(symbol, functions, seen = new Set()) {
  if (seen.has(symbol)) return seen;
  seen.add(symbol);
  const body = functions.get(symbol);
  if (body === undefined) throw new Error(`The kernel text calls ${symbol}, which it does not define.`);
  for (const [, callee] of body.matchAll(/\bcall (\S+?)\)*(?=\s)/g)) reachable(callee, functions, seen);
  return seen;
}

/** Children of `(module ...)`: the compiler indents them by one blank. */
function topLevelItems(wat) {
  return wat.split(/\n (?=\()/).map((item) => item.replace(/\n\)\s*$/, ''));
}

/** Types are numbered over the whole module, so a new kernel elsewhere would renumber them. */
function withoutTypeNames(text) {
  return text.replace(/\(type \$\d+\)/g, '');
}
