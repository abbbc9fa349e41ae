import { BitbudgetError } from '../../core/errors.ts';
import type { Network } from '../../network/types.ts';
import { APQ_MEANING, importApq } from './apq.ts';
import { FBNET_MEANING, importFbnet } from './fbnet.ts';
import { HAQ_MEANING, importHaq } from './haq.ts';
import type { ImportedTable, ImportMeaning, ImportSource } from './imported-table.ts';
import { importOfa, OFA_MEANING } from './ofa.ts';

export type { ImportedTable, ImportSource } from './imported-table.ts';

/** The formats that can be read, with the unit and the meaning of their figures. */
export const IMPORT_FORMATS: readonly ImportMeaning[] = [OFA_MEANING, APQ_MEANING, HAQ_MEANING, FBNET_MEANING];

export interface ImportOptions {
  /** The network that a table of numbered layers was made for. */
  network: Network;
  /** Turns a simulator's cycles into time. */
  clockMhz?: number;
  /** The name of the device, where the file does not tell it. */
  device?: string;
}

/**
 * Makes a table of another tool's. Its entries are marked `imported`, and its protocol states the unit and the meaning of
 * the figures; `verify`, `run` and `profile --resume` refuse it as the table of another device.
 *
 * @param format the name of one of {@link IMPORT_FORMATS}.
 * @throws {BitbudgetError} `usage` for an unknown format, `damaged-file` for a file that is not of the format.
 */
export function importTable(format: string, source: ImportSource, options: ImportOptions): ImportedTable {
  switch (format) {
    case OFA_MEANING.format:
      return importOfa(source, options.device);
    case APQ_MEANING.format:
      return importApq(source);
    case HAQ_MEANING.format:
      return importHaq(source, options.network, options.clockMhz);
    case FBNET_MEANING.format:
      return importFbnet(source);
    default: {
      const known = IMPORT_FORMATS.map((meaning) => meaning.format).join(', ');
      throw new BitbudgetError('usage', `"${format}" is no format that can be imported.`, `Use one of ${known}.`);
    }
  }
}
