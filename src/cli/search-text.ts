import { bestPosition, type FinishedSearch, spreadOver } from '../node/search.ts';
import type { StopReason } from '../search/index.ts';
import {
  type Budgets,
  type BudgetUse,
  budgetEntries,
  budgetUse,
  describeBudgetUse,
  describeMetric,
} from '../space/index.ts';
import { frontFile, objectiveValue, type StudyResult, type StudySettings } from '../study/index.ts';
import { type PickRequest, pickRow } from './picks.ts';
import { pickNames } from './search-options.ts';
import { renderTable } from './table.ts';
import { percent } from './validation-text.ts';

/** Candidates of the front that the table and the report show. */
export const SHOWN = 16;

/** The document of a search, as `--json` prints it. */
export function describeDocument(search: FinishedSearch, settings: StudySettings, picks: readonly PickRequest[] = []) {
  const { seed, budgets } = settings;
  const { study, candidates } = search;
  const entry = (i: number) => {
    const { genome, predicted, measured } = candidates[i];
    return {
      genome,
      metrics: { ...predicted, loss: study.front[i].loss, measured },
      feasible: study.front[i].feasible,
    };
  };
  return {
    folder: study.folder,
    evaluations: study.evaluations,
    generations: study.generations,
    stopped: study.stopped,
    seed,
    front: candidates.map((_, i) => entry(i)),
    best: { [budgetsName(budgets)]: entry(bestPosition(search)) },
    ...(picks.length > 0 && {
      picks: picks.map((pick) => {
        const position = pickPosition(search, settings, pick);
        return { pick: pick.text, ...(position !== undefined && { file: frontFile(position), ...entry(position) }) };
      }),
    }),
    rejections: study.rejections,
    budgetUse: budgetUse(study.front[bestPosition(search)].cost, budgets, settings.budgetConfidence),
    hypervolume: study.hypervolume,
  };
}

/** A name for a set of budgets, such as `latencyMs=0.5`. */
export function budgetsName(budgets: Budgets): string {
  return (
    budgetEntries(budgets)
      .map(([metric, limit]) => `${metric}=${limit}`)
      .join(',') || 'none'
  );
}

/** What people read of a search. */
export function describeSearch(
  search: FinishedSearch,
  settings: StudySettings,
  picks: readonly PickRequest[] = [],
): string {
  const { study, candidates, evaluated } = search;
  const shown = spreadOver(candidates.length, SHOWN);
  const table = renderTable(
    [
      { title: 'candidate' },
      { title: 'latency ms', align: 'right' },
      { title: 'energy mJ', align: 'right' },
      { title: 'size KiB', align: 'right' },
      { title: 'RAM KiB', align: 'right' },
      { title: lossTitle(search.accuracy.kind), align: 'right' },
      { title: 'top-1', align: 'right' },
    ],
    shown.map((i) => {
      const { latencyMs, energyMj, sizeBytes, ramBytes } = candidates[i].predicted;
      const top1 = evaluated[i];
      return [
        frontFile(i),
        latencyMs.value.toFixed(3),
        `${energyMj.value.toFixed(3)} ${energyMj.source}`,
        (sizeBytes / 1024).toFixed(1),
        (ramBytes / 1024).toFixed(1),
        study.front[i].loss.toPrecision(3),
        top1 ? `${percent(top1.top1)} (${percent(top1.low)}–${percent(top1.high)})` : '',
      ];
    }),
  );
  const best = bestPosition(search);
  return [
    `${study.evaluations} candidates evaluated${endOf(study)}${under(settings)}; ${candidates.length} on the front, ${study.folder}:`,
    '',
    table,
    '',
    ...describeRejections(study.rejections),
    ...picks.map((pick) => {
      const position = pickPosition(search, settings, pick);
      return `${pick.text}: ${position === undefined ? 'no candidate of the front' : `${study.folder}/${frontFile(position)}`}.`;
    }),
    `Most accurate: ${study.folder}/${frontFile(best)}.${describeUse(budgetUse(study.front[best].cost, settings.budgets, settings.budgetConfidence))} Latency is predicted; \`bitbudget verify\` measures it.`,
  ].join('\n');
}

/** A predictor's losses, and measured ones, are shares of wrong answers; those of a proxy have units of their own. */
function lossTitle(kind: string): string {
  if (kind.startsWith('proxy:')) return 'proxy loss';
  return kind.startsWith('predictor:') ? 'predicted loss' : 'loss';
}

/** The same of designs that are no networks with weights: nothing of them was run. */
export function describeDesigns(study: StudyResult, settings: StudySettings, picked: readonly string[]): string {
  const { front, folder, budgetUse: uses } = study;
  const table = renderTable(
    [
      { title: 'design' },
      { title: 'latency ms', align: 'right' },
      { title: 'energy mJ', align: 'right' },
      { title: 'size KiB', align: 'right' },
      { title: 'million MACs', align: 'right' },
      { title: 'proxy loss', align: 'right' },
    ],
    spreadOver(front.length, SHOWN).map((i) => {
      const { cost, loss } = front[i];
      const costs = [cost.latencyMs.value, cost.energyMj.value, cost.sizeBytes / 1024, cost.macs / 1e6];
      return [frontFile(i), ...costs.map((value, k) => value.toFixed(k < 2 ? 3 : 1)), loss.toPrecision(3)];
    }),
  );
  const least = front.reduce((best, { loss }, i) => (loss < front[best].loss ? i : best), 0);
  return [
    `${study.evaluations} designs evaluated${endOf(study)}${under(settings)}; ${front.length} on the front, ${folder}:`,
    '',
    table,
    '',
    ...describeRejections(study.rejections),
    ...picked,
    `Least loss: ${folder}/${frontFile(least)}.${describeUse(uses)} The proxy ranks designs; it is no accuracy.`,
  ].join('\n');
}

/** How a search came to an end that it was not sure to have. */
const ENDS: Partial<Record<StopReason, string>> = {
  target: ' until the target was reached',
  stagnation: ' until the hypervolume stood still',
  time: ' until the time was over',
  exhausted: ' until no new one was found',
};

function endOf({ stopped }: Pick<StudyResult, 'stopped'>): string {
  return (stopped && ENDS[stopped]) ?? '';
}

function under({ budgets }: StudySettings): string {
  const limits = budgetEntries(budgets).map(([metric, limit]) => describeMetric(metric, limit));
  return limits.length > 0 ? ` under ${limits.join(', ')}` : '';
}

/** Position on the front of a pick: among the candidates that were run, where any was, else by the proxy. */
export function pickPosition(
  { study, evaluated, accuracy }: Pick<FinishedSearch, 'study' | 'evaluated' | 'accuracy'>,
  settings: StudySettings,
  pick: PickRequest,
): number | undefined {
  const { objectives } = settings;
  const names = pickNames(objectives);
  const all = study.front.map((_, i) => i);
  const run = all.filter((i) => evaluated[i]);
  const positions = run.length > 0 ? run : all;
  const rows = positions.map((i) =>
    names.map((name) => {
      if (name !== 'accuracy') return objectiveValue(name, study.front[i]);
      return -(evaluated[i]?.top1 ?? accuracy.accuracyOf(study.front[i].loss));
    }),
  );
  const row = pickRow(pick, { names, objectives, negated: ['accuracy'], rows });
  return row === undefined ? undefined : positions[row];
}

/** What the most accurate candidate uses of its budgets, the tightest first; nothing without budgets. */
function describeUse(uses: readonly BudgetUse[]): string {
  return uses.length > 0 ? ` It uses ${describeBudgetUse(uses)}.` : '';
}

function describeRejections(rejections: Readonly<Record<string, number>>): string[] {
  const reasons = Object.entries(rejections).map(([reason, count]) => `${count} ${reason}`);
  return reasons.length > 0
    ? [`Genomes that broke a budget before they were brought inside: ${reasons.join(', ')}.`]
    : [];
}
