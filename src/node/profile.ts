import { canonicalJson } from '../core/canonical-json.ts';
import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation, Files, Progress } from '../core/ports.ts';
import { sha256Hex } from '../core/sha256.ts';
import { assertSameDevice, assertSameThreads, changedEntries } from '../lut/compatibility.ts';
import { readLut, writeLut } from '../lut/file.ts';
import { mergeEntries } from '../lut/merge.ts';
import type { EnergyMeter, Lut, LutEntry, LutInterpolation } from '../lut/schema.ts';
import type { WholeNetworkFit } from '../lut/whole-network.ts';
import type { ProtocolName } from '../measure/protocols.ts';
import type { SampleOrigin } from '../measure/samples.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { SpaceConfig } from '../space/index.ts';
import { conditionsReader } from './conditions.ts';
import { disabledIds, type Host } from './host.ts';
import { kernelHashes } from './kernel-files.ts';
import { openNetwork } from './open-network.ts';
import { profileInProcess } from './profile-process.ts';
import { SampleJournal } from './sample-journal.ts';
import type { OpenedTable } from './tables.ts';

export interface ProfileSettings {
  protocol: ProtocolName;
  schemes: readonly Scheme[];
  /** Threads that share each layer. */
  threads: number;
  /** What is measured instead of the schemes; the entries that there is no time for are interpolated. */
  space?: SpaceConfig;
  seed: number;
  visits: number;
  validationNetworks: number;
  timeMaxS?: number;
  /** What each stage waits for calm at most; a minute, or a quarter of `timeMaxS`, unless less is given. */
  patienceS?: number;
  /** `auto`, `off`, the name of a meter or the log of one; as `chooseMeter` takes it. */
  energy: string;
  /**
   * Keep the trusted entries of the table at `out`, and what a profile measured that was interrupted or ran out of time, and
   * measure only the rest.
   */
  resume: boolean;
  out: string;
}

export const DEFAULT_PROFILE = {
  protocol: 'in-context' as ProtocolName,
  threads: 1,
  seed: 1,
  visits: 12,
  validationNetworks: 20,
  energy: 'auto',
};

interface Surroundings {
  files: Files;
  cancellation: Cancellation;
  onProgress: Progress;
}

/**
 * Profiles this machine for one network, in a process of its own, and writes its table and the raw samples beside it.
 * Entries that the table at `out` already holds for other workloads are kept, as long as they were measured here with the
 * same kernels.
 *
 * @throws {BitbudgetError} `mismatch` if `out` is a table of another device, protocol or number of threads, `damaged-file` if it
 * is damaged,
 * `interrupted` on cancellation and `unsupported` where no layer was measured in time; the table is as it was then, and the
 * samples are kept for `resume`.
 */
export async function profileThisMachine(
  network: string,
  host: Host,
  settings: ProfileSettings,
  { files, cancellation, onProgress }: Surroundings,
): Promise<OpenedTable & { energyProblem?: string }> {
  const { schemes, space, threads, out, resume } = settings;
  const hashes = await kernelHashes();
  const { device, engine, disabled } = host;
  const {
    entries: existing,
    fit: knownFit,
    interpolation: earlier,
    timedOut,
  } = await usablePart(files, out, host, settings, hashes);
  const origin = await sampleOrigin(network, host, settings, hashes);
  const journal = await SampleJournal.open(files, out, origin, resume);
  // where time ran out all samples are at hand, and more of them make all entries better
  const goesOn = timedOut && journal.earlier !== undefined;
  const known = resume && !goesOn ? existing.filter(({ trust }) => trust === 'stable') : [];
  const conditions = conditionsReader();
  const before = conditions.conditions();
  const { protocol, seed, visits, validationNetworks, timeMaxS, patienceS, energy } = settings;
  const job = {
    ...{ network, schemes, space, known, earlier: journal.earlier },
    settings: { protocol, seed, visits, validationNetworks, timeMaxS, patienceS, knownFit },
    energy,
    threads,
    disabled: [...disabledIds(host)],
  };
  const onMessage = journal.take.bind(journal);
  try {
    const { facts, placement } = await profileInProcess(job, { cancellation, onProgress, onMessage });
    const entries = mergeEntries(existing, facts.entries);
    if (entries.length === 0) throw nothingMeasured(timeMaxS);
    const { load } = before; // afterwards the load is our own
    const interpolation = facts.interpolation ?? earlier;
    const table: Lut = await writeLut(
      files,
      out,
      {
        schemaVersion: 1,
        device,
        engine,
        threads,
        measuredAt: new Date().toISOString(),
        clock: { stepNs: facts.clockStepNs, crossOriginIsolated: null },
        conditions: { ...conditions.conditions(), load },
        protocol: { ...facts.protocol, ...placement, network },
        scalar: facts.scalar,
        ...(facts.lengthCorrection && { lengthCorrection: facts.lengthCorrection }),
        energySource: energySourceOf(entries),
        validation: facts.validation,
        ...(interpolation && { interpolation }),
        disabled,
        entries,
      },
      { allowFewerEntries: true },
    );
    await journal.write(space !== undefined || facts.protocol.timedOut !== true);
    return { path: out, table, energyProblem: facts.energyProblem };
  } catch (error) {
    await journal.write(false);
    throw error;
  }
}

function nothingMeasured(timeMaxS: number | undefined): BitbudgetError {
  const within = timeMaxS === undefined ? '' : ` within ${timeMaxS} s`;
  const remedy = 'Give more time with `--time-max-s`; `--resume` keeps what was found out until then.';
  return new BitbudgetError('unsupported', `No layer could be measured${within}, and no table was written.`, remedy);
}

async function sampleOrigin(
  network: string,
  { device, engine }: Host,
  { schemes, protocol, threads, space }: ProfileSettings,
  hashes: ReadonlyMap<string, string>,
): Promise<SampleOrigin> {
  const { weightsSha256 } = await openNetwork(network);
  return {
    network,
    weightsSha256,
    schemes: [...schemes],
    ...(space && { spaceSha256: sha256Hex(canonicalJson(space)) }),
    device: device.id,
    engine: `${engine.name} ${engine.version}`,
    threads,
    ...(protocol !== 'in-context' && { protocol }),
    kernelsSha256: sha256Hex(canonicalJson(Object.fromEntries(hashes))),
  };
}

/** The meter that the most entries were read by; `model` where none was. */
function energySourceOf(entries: readonly LutEntry[]): EnergyMeter {
  const counts = new Map<EnergyMeter, number>();
  for (const { energyUj } of entries) if (energyUj) counts.set(energyUj.source, (counts.get(energyUj.source) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'model';
}

/** What of an earlier table may stay: entries of the same device and kernels, and what turns their sums into latencies. */
async function usablePart(
  files: Files,
  path: string,
  { device, engine }: Host,
  { threads, protocol }: ProfileSettings,
  hashes: ReadonlyMap<string, string>,
): Promise<{ entries: LutEntry[]; timedOut: boolean; fit?: WholeNetworkFit; interpolation?: LutInterpolation }> {
  if (!(await files.exists(path))) return { entries: [], timedOut: false };
  const table = await readLut(files, path);
  assertSameDevice(table, device, engine);
  const remedy = `Name another file with \`--out\`, or pass \`--threads ${table.threads}\` to add to this one.`;
  assertSameThreads(table, threads, remedy);
  if (table.protocol.name !== protocol) {
    const problem = `${path} was measured by the protocol ${table.protocol.name}, not ${protocol}.`;
    throw new BitbudgetError('mismatch', problem, 'Name another file with `--out`, or delete this one.');
  }
  const changed = new Set(changedEntries(table, hashes));
  const { scalar, lengthCorrection, interpolation } = table;
  const entries = table.entries.filter((entry) => !changed.has(entry));
  return { entries, timedOut: table.protocol.timedOut === true, fit: { scalar, lengthCorrection }, interpolation };
}
