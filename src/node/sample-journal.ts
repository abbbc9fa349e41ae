import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';
import type { TimedNetwork } from '../measure/rounds.ts';
import { formatSamples, parseSamples, type SampleOrigin, sameOrigin } from '../measure/samples.ts';
import type { ProfileJob, ProfileMessage } from './profile-process.ts';

/** More than a profile ever writes; a file that unpacks to more is refused. */
const MAXIMUM_BYTES = 2 ** 28;

/** The raw samples beside a table: written at the end of a profile, and when it is interrupted. */
export class SampleJournal {
  /** What an unfinished profile of the same origin left, for the measuring process. */
  readonly earlier: ProfileJob['earlier'];
  private readonly files: Files;
  private readonly path: string;
  private readonly origin: SampleOrigin;
  private ranking: [string, readonly string[]][];
  private readonly networks: TimedNetwork[];

  private constructor(files: Files, path: string, origin: SampleOrigin, earlier: ProfileJob['earlier']) {
    this.files = files;
    this.path = path;
    this.origin = origin;
    this.earlier = earlier;
    this.ranking = [...(earlier?.ranking ?? [])].map(([key, variants]) => [key, variants]);
    this.networks = [...(earlier?.networks ?? [])];
  }

  /**
   * @param table path of the table that the samples belong to.
   * @param resume take up the samples of a profile that was interrupted or ran out of time.
   * @throws {BitbudgetError} `damaged-file` if there are samples to take up that cannot be read.
   */
  static async open(files: Files, table: string, origin: SampleOrigin, resume: boolean): Promise<SampleJournal> {
    const path = samplesPath(table);
    if (!resume || !(await files.exists(path))) return new SampleJournal(files, path, origin, undefined);
    const samples = parseSamples(await unpack(await files.readBytes(path), path), path);
    const usable = !samples.complete && sameOrigin(samples.origin, origin);
    const earlier = { ranking: [...samples.ranking], networks: samples.networks };
    return new SampleJournal(files, path, origin, usable ? earlier : undefined);
  }

  /** Takes what is to be kept of a message of the measuring process. */
  take(message: ProfileMessage): void {
    if ('ranking' in message) this.ranking = message.ranking;
    if ('network' in message) this.networks.push(message.network);
  }

  /** Writes all samples so far, and of an unfinished profile the kernels that it chose; nothing where there are none. */
  async write(complete: boolean): Promise<void> {
    const { origin, networks, ranking } = this;
    if (networks.length === 0 && (complete || ranking.length === 0)) return;
    const text = formatSamples({ origin, complete, ranking: new Map(ranking), networks });
    await this.files.writeAtomic(this.path, await promisify(gzip)(text));
  }
}

/** Where the raw samples of a table are kept. */
export function samplesPath(table: string): string {
  return `${table.replace(/\.json$/, '')}.samples.ndjson.gz`;
}

async function unpack(bytes: Uint8Array, path: string): Promise<string> {
  try {
    return (await promisify(gunzip)(bytes, { maxOutputLength: MAXIMUM_BYTES })).toString();
  } catch {
    throw new BitbudgetError('damaged-file', `${path} cannot be unpacked.`, 'Delete it and profile again.');
  }
}
