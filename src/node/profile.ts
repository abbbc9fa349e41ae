import type { Cancellation, Files, Progress } from '../core/ports.ts';
import { assertSameDevice, changedEntries } from '../lut/compatibility.ts';
import { readLut, writeLut } from '../lut/file.ts';
import { mergeEntries } from '../lut/merge.ts';
import type { EnergyMeter, Lut, LutDevice, LutEngine, LutEntry } from '../lut/schema.ts';
import { chooseMeter } from '../measure/energy/find-meters.ts';
import { profileNetwork } from '../measure/profile.ts';
import type { Scheme } from '../quant/scheme.ts';
import { conditionsReader } from './conditions.ts';
import { kernelHashes } from './kernel-files.ts';
import { nodeSystem } from './system.ts';
import type { OpenedTable } from './tables.ts';
import type { Workbench } from './workbench.ts';

export interface ProfileSettings {
  schemes: readonly Scheme[];
  seed: number;
  visits: number;
  validationNetworks: number;
  timeMaxS?: number;
  /** `auto`, `off`, the name of a meter or the log of one; as `chooseMeter` takes it. */
  energy: string;
  /** Keep the trusted entries of the table at `out` and measure only the others. */
  resume: boolean;
  out: string;
}

export const DEFAULT_PROFILE = { seed: 1, visits: 12, validationNetworks: 20, energy: 'auto' };

interface Surroundings {
  files: Files;
  cancellation: Cancellation;
  onProgress: Progress;
}

/**
 * Profiles this machine for one network and writes its table. Entries that the table at `out` already holds for other
 * workloads are kept, as long as they were measured here with the same kernels.
 *
 * @throws {BitbudgetError} `mismatch` if `out` is another device's table, `damaged-file` if it is damaged,
 * `interrupted` on cancellation; nothing is written then.
 */
export async function profileThisMachine(
  workbench: Workbench,
  host: { device: LutDevice; engine: LutEngine; disabled: { variant: string; reason: string }[] },
  settings: ProfileSettings,
  { files, cancellation, onProgress }: Surroundings,
): Promise<OpenedTable & { energyProblem?: string }> {
  const hashes = await kernelHashes();
  const { device, engine, disabled } = host;
  const { entries: existing, scalar: knownScalar } = await usablePart(files, settings.out, device, engine, hashes);
  const known = settings.resume ? existing.filter(({ trust }) => trust === 'stable') : [];
  const conditions = conditionsReader();
  const before = conditions.conditions();
  const bench = workbench.bench({ cancellation, onProgress });
  const meter = await chooseMeter(settings.energy, nodeSystem(), files, bench);
  const result = await profileNetwork(bench, {
    schemes: settings.schemes,
    seed: settings.seed,
    visits: settings.visits,
    known: new Map(known.map((entry) => [entry.key, entry])),
    knownScalar,
    timeMaxS: settings.timeMaxS,
    validationNetworks: settings.validationNetworks,
    variantHashes: hashes,
    meter,
  });
  const entries = mergeEntries(existing, result.entries);
  const { load } = before; // afterwards the load is our own
  const table: Lut = await writeLut(
    files,
    settings.out,
    {
      schemaVersion: 1,
      device,
      engine,
      threads: 1,
      measuredAt: new Date().toISOString(),
      clock: { stepNs: result.clockStepNs, crossOriginIsolated: null },
      conditions: { ...conditions.conditions(), load },
      protocol: { ...result.protocol, network: workbench.folded.name },
      scalar: result.scalar,
      energySource: energySourceOf(entries),
      validation: result.validation,
      disabled,
      entries,
    },
    { allowFewerEntries: true },
  );
  return { path: settings.out, table, energyProblem: result.energyProblem };
}

/** The meter that the most entries were read by; `model` where none was. */
function energySourceOf(entries: readonly LutEntry[]): EnergyMeter {
  const counts = new Map<EnergyMeter, number>();
  for (const { energyUj } of entries) if (energyUj) counts.set(energyUj.source, (counts.get(energyUj.source) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'model';
}

/** What of an earlier table may stay: entries of the same device and kernels, and its scalar. */
async function usablePart(
  files: Files,
  path: string,
  device: LutDevice,
  engine: LutEngine,
  hashes: ReadonlyMap<string, string>,
): Promise<{ entries: LutEntry[]; scalar?: number }> {
  if (!(await files.exists(path))) return { entries: [] };
  const table = await readLut(files, path);
  assertSameDevice(table, device, engine);
  const changed = new Set(changedEntries(table, hashes));
  return { entries: table.entries.filter((entry) => !changed.has(entry)), scalar: table.scalar };
}
