import { BitbudgetError } from '../../core/errors.ts';

/** Where an importer is: its file and the layer at hand, for whoever has to mend the model. */
export interface Place {
  /** Name of the file. */
  source: string;
  /** The operator's name in the model's own words, such as `CONV_2D`. */
  op: string;
  /** The layer's name in the model. */
  layer: string;
}

/** What an importer cannot take over, with the layer and what could be done. */
export function unsupportedLayer({ source, op, layer }: Place, problem: string, remedy: string): BitbudgetError {
  return new BitbudgetError('unsupported', `${source}: layer "${printable(layer)}" (${op}) ${problem}.`, remedy);
}

/** A file that is not what its name says, or was cut or altered. */
export function damagedModel(source: string, problem: string): BitbudgetError {
  const remedy = 'Restore the file from its source, or export the model again.';
  return new BitbudgetError('damaged-file', `${source} ${problem}.`, remedy);
}

/** Text of a file, short enough and fit for a terminal. */
export function printable(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '.');
  return plain.length > 120 ? `${plain.slice(0, 117)}...` : plain;
}

/**
 * Runs a parser. Readers throw a RangeError where a file points outside itself; that and nothing else becomes a user's error.
 *
 * @throws {BitbudgetError} `damaged-file`
 */
export function parseHostile<T>(source: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) throw damagedModel(source, 'is damaged: it points outside itself or is cut short');
    throw error;
  }
}
