import { bestPosition, type FinishedSearch, spreadOver } from '../node/search.ts';
import { type Budgets, budgetEntries, describeMetric } from '../space/index.ts';
import { frontFile, type StudySettings } from '../study/index.ts';
import { renderTable } from './table.ts';
import { percent } from './validation-text.ts';

/** Candidates of the front that the table and the report show. */
export const SHOWN = 16;

/** The document of a search, as `--json` prints it. */
export function describeDocument(search: FinishedSearch, { seed, budgets }: StudySettings) {
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
    seed,
    front: candidates.map((_, i) => entry(i)),
    best: { [budgetsName(budgets)]: entry(bestPosition(search)) },
    rejections: study.rejections,
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
export function describeSearch(search: FinishedSearch, settings: StudySettings): string {
  const { study, candidates, evaluated } = search;
  const shown = spreadOver(candidates.length, SHOWN);
  const table = renderTable(
    [
      { title: 'candidate' },
      { title: 'latency ms', align: 'right' },
      { title: 'energy mJ', align: 'right' },
      { title: 'size KiB', align: 'right' },
      { title: 'RAM KiB', align: 'right' },
      { title: 'proxy loss', align: 'right' },
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
  const limits = budgetEntries(settings.budgets).map(([metric, limit]) => describeMetric(metric, limit));
  const best = bestPosition(search);
  return [
    `${study.evaluations} candidates evaluated${limits.length > 0 ? ` under ${limits.join(', ')}` : ''}; ${candidates.length} on the front, ${study.folder}:`,
    '',
    table,
    '',
    ...describeRejections(study.rejections),
    `Most accurate: ${study.folder}/${frontFile(best)}. Latency is predicted; \`bitbudget verify\` measures it.`,
  ].join('\n');
}

function describeRejections(rejections: Readonly<Record<string, number>>): string[] {
  const reasons = Object.entries(rejections).map(([reason, count]) => `${count} ${reason}`);
  return reasons.length > 0
    ? [`Genomes that broke a budget before they were brought inside: ${reasons.join(', ')}.`]
    : [];
}
