import { BitbudgetError } from '../core/errors.ts';
import { readLut } from '../lut/file.ts';
import { searchApq } from '../node/apq-search.ts';
import { openGraph } from '../node/open-network.ts';
import { schemesSpace } from '../node/search.ts';
import type { SpaceConfigInput } from '../space/index.ts';
import { APQ_EVOLUTION, type Preset, proxyColumn } from '../study/index.ts';
import { type SchemeOptions, schemesOf } from './options.ts';
import { readSpace } from './read-space.ts';
import { type StudyOptions, studySettings } from './search-options.ts';
import { budgetsName, describeDesigns, pickPosition } from './search-text.ts';
import type { Session } from './session.ts';

/** The flags that say what a search may choose from. */
export interface SpaceFlags extends SchemeOptions {
  network: string;
  space?: string;
  ends: 'fixed' | 'free';
}

/** Budget flags left out: they name devices, which are known only once the tables are read. */
export const NO_BUDGETS = {
  latencyBudgetMs: undefined,
  energyBudgetMj: undefined,
  sizeBudgetKib: undefined,
  ramBudgetKib: undefined,
  macsBudget: undefined,
  bitopsBudget: undefined,
};

/** The space of the file or of the preset, or else that of the scheme flags; file and preset may name the network. */
export async function chosenSpace(
  flags: SpaceFlags,
  preset: Preset | undefined,
  anyNetwork: boolean,
  { files }: Session,
): Promise<{ network: string; space: SpaceConfigInput }> {
  const { network, space: source, ends } = flags;
  if (preset && source !== undefined) {
    const problem = 'Both --preset and --space say what to choose from.';
    throw new BitbudgetError('usage', problem, 'Leave one of them out.');
  }
  const named = preset?.name ?? source;
  if (named !== undefined) return readSpace(named, anyNetwork ? undefined : network, network, files);
  return { network, space: schemesSpace(schemesOf(flags), ends) };
}

/** How long a search may take. */
export function timeLimit({ timeMaxS }: { timeMaxS?: number }, { clock }: Session) {
  return timeMaxS === undefined ? {} : { timeMaxMs: 1000 * timeMaxS, clock };
}

/** The preset that runs no network: APQ's space on its own table. */
export async function searchApqSpace(
  flags: StudyOptions & { network: string; lut?: string[]; out?: string; resume?: boolean },
  anyNetwork: boolean,
  session: Session,
  version: string,
) {
  const { files, cancellation, progress: onProgress } = session;
  if (!anyNetwork) APQ_EVOLUTION.space(await openGraph(flags.network));
  const [path, second] = flags.lut ?? [];
  if (path === undefined || second !== undefined) {
    const remedy = "Make it of APQ's file by `bitbudget lut import apq FILE`, and give it by --lut.";
    throw new BitbudgetError('usage', 'The preset apq-evolution needs one table, its own.', remedy);
  }
  const opened = { path, table: await readLut(files, path) };
  const settings = studySettings(flags, [opened.table.device.id], APQ_EVOLUTION);
  const folder = flags.out ?? `runs/apq-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
  const request = { settings, folder, resume: flags.resume ?? false, version };
  const study = await searchApq(opened, request, { files, cancellation, onProgress, ...timeLimit(flags, session) });
  const entries = study.front.map(({ genome, cost, loss, feasible }) => {
    const { latencyMs, energyMj, sizeBytes, macs, bitOps } = cost;
    return { genome, metrics: { latencyMs, energyMj, sizeBytes, macs, bitOps, loss }, feasible };
  });
  const least = Math.min(...entries.map(({ metrics }) => metrics.loss));
  const best = { [budgetsName(settings.budgets)]: entries.find(({ metrics }) => metrics.loss === least) };
  const { evaluations, generations, stopped, rejections, budgetUse, hypervolume } = study;
  const pickable = { study, evaluated: [], accuracy: proxyColumn('capacity') };
  const picks = (flags.pick ?? []).map((pick) => ({
    pick: pick.text,
    ...entries[pickPosition(pickable, settings, pick) ?? -1],
  }));
  return {
    document: {
      ...{ folder, evaluations, generations, stopped, seed: settings.seed, front: entries, best },
      ...(picks.length > 0 && { picks }),
      ...{ rejections, budgetUse, hypervolume },
    },
    text: () => {
      const picked = picks.map(({ pick, genome }) => `${pick}: ${genome?.join('-') ?? 'no design of the front'}.`);
      return describeDesigns(study, settings, picked);
    },
  };
}

/** The error of a search: where the table lacks an entry, with the way that needs no measuring. */
export function orInterpolate(error: unknown): unknown {
  if (!(error instanceof BitbudgetError) || error.kind !== 'missing-entry') return error;
  const remedy = `${error.remedy} Or let --interpolate price it from what the table holds.`;
  return new BitbudgetError(error.kind, error.message, remedy);
}
