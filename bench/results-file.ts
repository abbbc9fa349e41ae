import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RESULTS = fileURLToPath(new URL('./RESULTS.md', import.meta.url));

/** Puts a text between the markers `<!-- name -->` and `<!-- /name -->` of bench/RESULTS.md, or at its end with them. */
export function updateResults(name: string, text: string): void {
  const results = readFileSync(RESULTS, 'utf8');
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const section = `${start}\n${text.trim()}\n\n${end}`;
  const from = results.indexOf(start);
  const until = results.indexOf(end);
  const kept =
    from < 0
      ? `${results.trimEnd()}\n\n${section}\n`
      : results.slice(0, from) + section + results.slice(until + end.length);
  writeFileSync(RESULTS, kept);
}
