import { canonicalJson } from '../core/canonical-json.ts';
import { sha256Hex } from '../core/sha256.ts';
import { compareEntries } from './entry-key.ts';
import { type Lut, type LutContent, LutSchema } from './schema.ts';

/**
 * The hash that a table carries: SHA-256 of its canonical JSON without the field `sha256` itself.
 * It shows that a file is as it was written; it is no signature.
 *
 * @example lutSha256({ b: 1, a: 2, sha256: 'ignored' }) === lutSha256({ a: 2, b: 1 }) // => true
 */
export function lutSha256(content: object): string {
  const { sha256: _, ...rest } = content as { sha256?: unknown };
  return sha256Hex(canonicalJson(rest));
}

/**
 * A table in its normal form: fields in the schema's order, rows sorted by key, the hash computed anew. What comes out
 * is what `parseLut(serializeLut(table))` gives.
 *
 * @throws {z.ZodError} where the content does not fit the schema: a defect of the code that made it.
 */
export function completeLut(content: LutContent): Lut {
  const sorted = { ...content, entries: [...content.entries].sort(compareEntries), sha256: '0'.repeat(64) };
  const table = LutSchema.parse(sorted);
  const { name, ...settings } = table.protocol;
  const byName = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
  const normal = { ...table, protocol: { name, ...Object.fromEntries(byName) } };
  return { ...normal, sha256: lutSha256(normal) };
}

/**
 * The bytes of a table's file: a field a line, an entry a line, so that a difference shows which entries changed. The
 * same table always gives the same text; `sha256` is computed here, whatever the content says.
 *
 * @throws {z.ZodError} where the content does not fit the schema.
 */
export function serializeLut(content: LutContent): string {
  const { entries, sha256, ...header } = completeLut(content);
  const fields = Object.entries(header).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const rows = entries.map((entry) => `    ${JSON.stringify(entry)}`);
  const table = rows.length ? `[\n${rows.join(',\n')}\n  ]` : '[]';
  return `{\n${[...fields, `  "entries": ${table}`, `  "sha256": "${sha256}"`].join(',\n')}\n}\n`;
}
