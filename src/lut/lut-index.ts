import { BitbudgetError } from '../core/errors.ts';
import type { Lut, LutEntry } from './schema.ts';
import { shapeKey, shapeKeyOf } from './shape-key.ts';

/** How the profile command would be told to measure what a table lacks. */
export interface MeasuredAs {
  network: string;
  /** File of the search space; without one the entry's scheme is measured. */
  space?: string;
  /** The table, where it is not the one that the command writes anyway. */
  table?: string;
}

/** The protocol of a table that another tool made. */
export const IMPORTED_PROTOCOL = 'imported';

/**
 * The entry of a key by binary search in the sorted rows; undefined where it is absent.
 *
 * @example lookup({ entries: [] }, 'dense/…/w4a4') // => undefined
 */
export function lookup(lut: Pick<Lut, 'entries'>, key: string): LutEntry | undefined {
  let low = 0;
  let high = lut.entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lut.entries[middle].key < key) low = middle + 1;
    else high = middle;
  }
  return lut.entries[low]?.key === key ? lut.entries[low] : undefined;
}

/**
 * A table's entries by key, in constant time. An imported table, whose figures hold for a layer's shape whatever its
 * formats, activation and residual, answers for every key of the shape.
 */
export class LutIndex {
  readonly lut: Lut;
  private readonly byKey: ReadonlyMap<string, LutEntry>;
  private readonly byShape: ReadonlyMap<string, LutEntry>;

  constructor(lut: Lut) {
    this.lut = lut;
    this.byKey = new Map(lut.entries.map((entry) => [entry.key, entry]));
    const imported = lut.protocol.name === IMPORTED_PROTOCOL ? lut.entries : [];
    this.byShape = new Map(imported.map((entry) => [shapeKey(entry.workload, entry.scheme), entry]));
  }

  get(key: string): LutEntry | undefined {
    const entry = this.byKey.get(key);
    if (entry || this.byShape.size === 0) return entry;
    const shape = shapeKeyOf(key);
    return shape === undefined ? undefined : this.byShape.get(shape);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Those of the keys that the table lacks, each once, in the order given. */
  missing(keys: Iterable<string>): string[] {
    return [...new Set(keys)].filter((key) => !this.has(key));
  }

  /**
   * The entry of a key.
   *
   * @param measuredAs for the command that would measure what is missing; a text is the network.
   * @throws {BitbudgetError} `missing-entry`, naming the key; nothing is ever priced at zero.
   */
  entryFor(key: string, measuredAs: string | MeasuredAs): LutEntry {
    const entry = this.get(key);
    if (entry) return entry;
    throw this.byShape.size > 0 ? missingImport(key) : missingEntry(key, measuredAs);
  }
}

/** The error for a key that another tool's table does not tell: measuring here would not be of its device. */
function missingImport(key: string): BitbudgetError {
  const problem = `The imported table tells nothing of "${key}".`;
  const scheme = key.slice(key.lastIndexOf('/') + 1);
  const remedy = `Search without ${scheme}, with a network that the table was made for, or with a table measured by \`bitbudget profile\`.`;
  return new BitbudgetError('missing-entry', problem, remedy);
}

/** The error for a key that was never measured. */
export function missingEntry(key: string, measuredAs: string | MeasuredAs): BitbudgetError {
  const scheme = key.slice(key.lastIndexOf('/') + 1);
  const schemes = scheme === 'u8' || scheme === 'f32' ? ['f32', 'w8a8'] : [scheme];
  const as = typeof measuredAs === 'string' ? { network: measuredAs } : measuredAs;
  return new BitbudgetError(
    'missing-entry',
    `The table has no entry for "${key}".`,
    `Measure it with \`${measuringCommand(as, schemes)}\`.`,
  );
}

/**
 * The command that measures what a table lacks, and keeps what it has.
 *
 * @param schemes those that are lacking.
 * @example measuringCommand({ network: 'resnet20', space: 'slim.yaml' }, ['w4a4']) // => 'bitbudget profile --network resnet20 --space slim.yaml --resume'
 */
export function measuringCommand({ network, space, table }: MeasuredAs, schemes: readonly string[]): string {
  const what = space === undefined ? `--schemes ${schemes.join(',')}` : `--space ${shellWord(space)}`;
  const out = table === undefined ? '' : ` --out ${shellWord(table)}`;
  return `bitbudget profile --network ${network} ${what} --resume${out}`;
}

/** A path as one word of a command line. */
function shellWord(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
