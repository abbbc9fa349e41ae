import { z } from 'zod';
import { BitbudgetError } from '../core/errors.ts';
import type { TimedNetwork } from './rounds.ts';

/** The raw samples of a profile: what its table was made of, and what an interrupted one goes on with. */
export interface SampleFile {
  /** Everything that samples must share to be put together. */
  origin: SampleOrigin;
  /** Whether the profile came to its end: it was not interrupted and did not run out of time. */
  complete: boolean;
  ranking: ReadonlyMap<string, readonly string[]>;
  networks: readonly TimedNetwork[];
}

export type SampleOrigin = z.infer<typeof originSchema>;

const originSchema = z.strictObject({
  network: z.string(),
  weightsSha256: z.string(),
  schemes: z.array(z.string()),
  spaceSha256: z.string().optional().describe('of the configuration of a search space'),
  device: z.string(),
  engine: z.string(),
  threads: z.int().positive(),
  protocol: z.string().optional().describe('in-context where absent'),
  kernelsSha256: z.string().describe('of the hashes of all kernels'),
});

const headerSchema = z.strictObject({
  schemaVersion: z.literal(1),
  complete: z.boolean(),
  origin: originSchema,
  ranking: z.record(z.string(), z.array(z.string())),
});

const us = z.number().nonnegative();
const networkSchema = z.strictObject({
  groups: z.array(z.string()),
  layersUs: z.array(us),
  wholeUs: us,
  referenceNs: us.positive(),
});

/** Newline-delimited JSON: a header, then a line for each network that was timed. */
export function formatSamples({ origin, complete, ranking, networks }: SampleFile): string {
  const header = { schemaVersion: 1, complete, origin, ranking: Object.fromEntries(ranking) };
  return `${[header, ...networks].map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/**
 * Reads what {@link formatSamples} wrote.
 *
 * @param path named in errors.
 * @throws {BitbudgetError} `damaged-file` if a line is not as it was written.
 */
export function parseSamples(text: string, path: string): SampleFile {
  const [first, ...lines] = text.trimEnd().split('\n');
  try {
    const { complete, origin, ranking } = headerSchema.parse(JSON.parse(first));
    const networks = lines.map((line) => networkSchema.parse(JSON.parse(line)));
    if (networks.some(({ groups, layersUs }) => ![0, groups.length].includes(layersUs.length)))
      throw new Error('lengths differ');
    return { complete, origin, ranking: new Map(Object.entries(ranking)), networks };
  } catch {
    const problem = `${path} is damaged: its lines are not those of a file of samples.`;
    throw new BitbudgetError('damaged-file', problem, 'Delete it and profile again.');
  }
}

/** Whether samples of two origins may be put together. */
export function sameOrigin(a: SampleOrigin, b: SampleOrigin): boolean {
  return JSON.stringify(originSchema.parse(a)) === JSON.stringify(originSchema.parse(b));
}
