import { BitbudgetError } from '../core/errors.ts';
import { DEFAULT_LIMITS, entryContradictions, implausibleFigures } from './check-entry.ts';
import { jsonFault } from './json-fault.ts';
import type { LutProblem } from './problem.ts';
import { outliersOfTable } from './roofline.ts';
import { LUT_SCHEMA_VERSION, type Lut, type LutEntry, LutEntrySchema, LutSchema } from './schema.ts';
import { lutSha256 } from './serialize.ts';

export interface LutCheck {
  valid: boolean;
  problems: LutProblem[];
}

const HeaderSchema = LutSchema.omit({ entries: true });
const RESTORE = 'Restore the file from a copy, or measure again with `bitbudget profile`.';
const NEVER_EDIT = 'Tables are not edited by hand: restore the file from a copy, or measure again.';
/** Problems that an error message names before it only counts the rest. */
const NAMED_PROBLEMS = 3;

/**
 * Looks for everything that is wrong with a table's file: damage, unknown or missing fields, a hash or key that does not
 * match, duplicate or unsorted rows, contradictory numbers, and figures that no device can reach.
 *
 * @param limits what one thread of the device can do at most; by default what no 128-bit instruction set exceeds. With
 * the device's peak, each scheme is held against its own roofline.
 * @example checkLut('{"schemaVersion": 1').problems[0].message // => 'The file is cut off at line 1, column 20.'
 */
export function checkLut(text: string, limits = DEFAULT_LIMITS): LutCheck {
  const { lut, entries, problems } = readTable(text);
  const threads = lut?.threads ?? 1;
  for (const entry of entries) problems.push(...implausibleFigures(entry, threads, limits));
  const reported = new Set(problems.map(({ entry }) => entry));
  problems.push(...outliersOfTable(entries).filter(({ entry }) => !reported.has(entry)));
  return { valid: problems.length === 0, problems };
}

/**
 * Reads a table, refusing one that is damaged or was changed after it was written. Plausibility of the speeds is left to
 * {@link checkLut}, so that an unusual device is not locked out.
 *
 * @param sourceName the file's name for messages.
 * @throws {BitbudgetError} `damaged-file` naming the first problems and where they are.
 */
export function parseLut(text: string, sourceName: string): Lut {
  const { lut, problems } = readTable(text);
  if (lut && problems.length === 0) return lut;
  const named = problems
    .slice(0, NAMED_PROBLEMS)
    .map(({ entry, message }) => (entry ? `${entry}: ${message}` : message));
  const more = problems.length - named.length;
  const rest = more > 0 ? ` (and ${more} more; see \`bitbudget lut check\`)` : '';
  throw new BitbudgetError('damaged-file', `${sourceName}: ${named.join(' ')}${rest}`, problems[0].remedy);
}

interface ReadTable {
  /** Present where the whole file fits the schema. */
  lut?: Lut;
  /** The entries that fit the schema, in file order. */
  entries: LutEntry[];
  problems: LutProblem[];
}

function readTable(text: string): ReadTable {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { entries: [], problems: [{ message: jsonFault(text), remedy: RESTORE }] };
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { entries: [], problems: [{ message: 'The file holds no lookup table: no JSON object.', remedy: RESTORE }] };
  }
  const version = (raw as { schemaVersion?: unknown }).schemaVersion;
  if (typeof version === 'number' && version > LUT_SCHEMA_VERSION) {
    const message = `The table has schemaVersion ${version}; this version of bitbudget reads ${LUT_SCHEMA_VERSION}.`;
    return { entries: [], problems: [{ message, remedy: 'Update bitbudget, or measure again with this version.' }] };
  }
  return readObject(raw as Record<string, unknown>);
}

function readObject(raw: Record<string, unknown>): ReadTable {
  const problems: LutProblem[] = [];
  const { entries: rows, ...header } = raw;
  const parsedHeader = HeaderSchema.safeParse(header);
  problems.push(...schemaProblems(parsedHeader.error?.issues, header, ''));
  const entries: LutEntry[] = [];
  if (!Array.isArray(rows)) {
    problems.push({ message: 'entries: Invalid input: expected array.', remedy: RESTORE });
  } else {
    rows.forEach((row, index) => {
      const parsed = LutEntrySchema.safeParse(row);
      if (parsed.success) entries.push(parsed.data);
      const place = typeof row?.key === 'string' ? row.key : `entries[${index}]`;
      for (const problem of schemaProblems(parsed.error?.issues, row, `entries[${index}].`)) {
        problems.push({ entry: place, ...problem });
      }
    });
    problems.push(...rowOrderProblems(rows.map((row) => row?.key)));
  }
  for (const entry of entries) problems.push(...entryContradictions(entry));
  const whole = parsedHeader.success && Array.isArray(rows) && entries.length === rows.length;
  const { sha256, ...fields } = parsedHeader.data ?? {};
  const lut = whole ? ({ ...fields, entries, sha256 } as Lut) : undefined;
  if (lut) problems.push(...disabledVariantProblems(lut));
  problems.push(...hashProblems(raw));
  return { lut, entries, problems };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function schemaProblems(issues: readonly Issue[] | undefined, value: unknown, prefix: string): LutProblem[] {
  return (issues ?? []).map(({ path, message }) => {
    const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
    const found = path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], value);
    const shown = typeof found === 'object' || found === undefined ? '' : `, found ${JSON.stringify(found)}`;
    return {
      message: `${(prefix + place.slice(1)).replace(/\.$/, '') || 'table'}: ${message}${shown}.`,
      remedy: RESTORE,
    };
  });
}

function rowOrderProblems(keys: readonly unknown[]): LutProblem[] {
  const problems: LutProblem[] = [];
  const firstRow = new Map<string, number>();
  keys.forEach((key, index) => {
    if (typeof key !== 'string') return;
    const earlier = firstRow.get(key);
    const previous = keys[index - 1];
    if (earlier !== undefined) {
      const message = `entries[${index}] has the same key as entries[${earlier}].`;
      problems.push({ entry: key, message, remedy: NEVER_EDIT });
    } else if (typeof previous === 'string' && key < previous) {
      const message = `entries[${index}] is out of order: rows are sorted by key.`;
      problems.push({ entry: key, message, remedy: NEVER_EDIT });
    }
    if (earlier === undefined) firstRow.set(key, index);
  });
  return problems;
}

function disabledVariantProblems(lut: Lut): LutProblem[] {
  const reasons = new Map(lut.disabled.map(({ variant, reason }) => [variant, reason]));
  return lut.entries
    .filter(({ variant }) => reasons.has(variant))
    .map(({ key, variant }) => {
      const message = `Variant ${variant} is listed as disabled (${reasons.get(variant)}) but has an entry.`;
      return { entry: key, message, remedy: 'Measure the entry again with `bitbudget profile`.' };
    });
}

function hashProblems(raw: Record<string, unknown>): LutProblem[] {
  if (typeof raw.sha256 !== 'string') return []; // the schema has reported it
  const computed = lutSha256(raw);
  if (computed === raw.sha256) return [];
  const message = `The file was changed after it was written: its sha256 is ${computed.slice(0, 12)}…, the stored one ${raw.sha256.slice(0, 12)}….`;
  return [{ message, remedy: NEVER_EDIT }];
}
