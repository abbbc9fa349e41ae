import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import { interruptedError } from '../node/cancellation.ts';
import {
  type AllocationModel,
  type GuidedPoint,
  guidedSearch,
  limitsOf,
  paretoIndices,
  readAllocation,
  scaledHypervolume,
} from '../search/index.ts';
import { checkPicks, type PickRequest, pickRow } from './picks.ts';
import type { CommandResult, Session } from './session.ts';
import { renderTable } from './table.ts';

export interface ProblemSearchFlags {
  problem: string;
  budget?: string;
  /** Undefined where the user named none: then the loss alone. */
  objectives?: string;
  algorithm?: 'nsga2' | 'nsga3';
  evaluations: number;
  population: number;
  timeMaxS?: number;
  pick?: PickRequest[];
  seed: number;
}

/** Points of the front that the table shows. */
const SHOWN = 16;

/**
 * `search --problem`: the loss of an allocation problem as a black box that counted evaluations alone may read; the other
 * metrics are free.
 */
export async function searchProblem(flags: ProblemSearchFlags, session: Session): Promise<CommandResult> {
  const model = await readAllocation(session.files, flags.problem);
  const objectives = (flags.objectives ?? 'loss').split(',').map((name) => name.trim());
  const limits = limitsOf(model, flags.budget);
  const { pick: picks = [] } = flags;
  checkPicks(picks, model.metrics, objectives);
  const { archive, evaluations, rejections } = await guidedSearch(
    {
      tables: model,
      limits,
      objectives,
      evaluate: async (batch) => {
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (session.cancellation.aborted) throw interruptedError('The search');
        return batch.map((choice) => model.value(0, choice));
      },
    },
    { ...flags, onBatch: reporter(session, flags) },
  );
  const values = archive.map((point) => objectives.map((name) => metricOf(model, point, name)));
  const front = paretoIndices(values).map((row) => archive[row]);
  const best = bestPoints(model, archive, flags.budget);
  const document = {
    evaluations,
    seed: flags.seed,
    front: front.map((point) => ({ choice: point.choice, metrics: metricsOf(model, point), feasible: true })),
    best: Object.fromEntries(
      Object.entries(best).map(([name, { choice, ...point }]) => [name, { choice, metrics: metricsOf(model, point) }]),
    ),
    rejections: Object.fromEntries(Object.entries(rejections).map(([name, count]) => [`over ${name}`, count])),
    ...(picks.length > 0 && { picks: pickedPoints(model, archive, objectives, picks) }),
    hypervolume: scaledHypervolume(values, boundsOf(model, objectives, values), new Random(flags.seed)),
  };
  return { document, text: () => describeSearch(document, objectives, flags) };
}

function reporter(
  { progress, clock }: Session,
  { evaluations: most, timeMaxS = Number.POSITIVE_INFINITY }: ProblemSearchFlags,
) {
  const startNs = clock.nowNs();
  return ({ evaluations }: { evaluations: number }) => {
    progress('searching', evaluations / most);
    return (clock.nowNs() - startNs) / 1e9 < timeMaxS;
  };
}

/** `best` is of all evaluated choices, so that every budget finds its own; the others are of the front. */
function pickedPoints(
  model: AllocationModel,
  archive: readonly GuidedPoint[],
  objectives: readonly string[],
  picks: readonly PickRequest[],
): { pick: string; choice?: number[]; metrics?: Record<string, number> }[] {
  const names = model.metrics;
  const rows = archive.map((point) => names.map((name) => metricOf(model, point, name)));
  return picks.map((pick) => {
    const row = pickRow(pick, { names, objectives, negated: [], rows });
    if (row === undefined) return { pick: pick.text };
    return { pick: pick.text, choice: archive[row].choice, metrics: metricsOf(model, archive[row]) };
  });
}

function metricOf(model: AllocationModel, { loss, costs }: Pick<GuidedPoint, 'loss' | 'costs'>, name: string): number {
  return name === 'loss' ? loss : costs[model.metrics.indexOf(name) - 1];
}

function metricsOf(model: AllocationModel, point: Pick<GuidedPoint, 'loss' | 'costs'>): Record<string, number> {
  return Object.fromEntries(model.metrics.map((name) => [name, metricOf(model, point, name)]));
}

/** The least loss of the archive under each budget: of the one that was named, or of all that the problem has. */
function bestPoints(
  model: AllocationModel,
  archive: readonly GuidedPoint[],
  named?: string,
): Record<string, GuidedPoint> {
  const budgets = named === undefined ? model.parts.budgets : model.parts.budgets.filter(({ name }) => name === named);
  const best: Record<string, GuidedPoint> = {};
  for (const { name, limits } of budgets.length > 0 ? budgets : [{ name: 'none', limits: {} }]) {
    for (const point of archive) {
      const kept = Object.entries(limits).every(
        ([metric, limit]) => metricOf(model, point, metric) <= model.ceiling(limit),
      );
      if (kept && (!best[name] || point.loss < best[name].loss)) best[name] = point;
    }
  }
  return best;
}

/** The problem's own bounds, or the range that was found where it has none. */
function boundsOf(
  model: AllocationModel,
  objectives: readonly string[],
  values: readonly number[][],
): [number, number][] {
  return objectives.map((name, k) => {
    const given = model.parts.bounds[name];
    if (given) return [given[0], given[1]];
    const column = values.map((point) => point[k]);
    return [column.reduce((a, b) => Math.min(a, b)), column.reduce((a, b) => Math.max(a, b))];
  });
}

interface SearchDocument {
  evaluations: number;
  front: { metrics: Record<string, number> }[];
  best: Record<string, { metrics: Record<string, number> }>;
  picks?: { pick: string; metrics?: Record<string, number> }[];
  hypervolume: number;
}

function describeSearch(document: SearchDocument, objectives: readonly string[], flags: ProblemSearchFlags): string {
  const { evaluations, front, best, picks = [], hypervolume } = document;
  const names = Object.keys(front[0]?.metrics ?? {});
  const rows = front
    .toSorted((a, b) => a.metrics.loss - b.metrics.loss)
    .slice(0, SHOWN)
    .map(({ metrics }) => names.map((name) => metrics[name]));
  const bests = Object.entries(best).map(([name, { metrics }]) => `Least loss under ${name}: ${metrics.loss}.`);
  return [
    `${evaluations} evaluations with seed ${flags.seed}; ${front.length} on the front of ${objectives.join(', ')}, hypervolume ${hypervolume.toPrecision(6)}:`,
    '',
    renderTable(
      names.map((title) => ({ title, align: 'right' as const })),
      rows,
    ),
    '',
    ...bests,
    ...picks.map(({ pick, metrics }) => `${pick}: ${metrics ? describeMetrics(metrics) : 'no evaluated choice'}.`),
    'The choices of the layers are in the output of --json.',
  ].join('\n');
}

function describeMetrics(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/**
 * Refuses the flags that mean something only with `--problem`, or only without it.
 *
 * @throws {BitbudgetError} `usage` for the first of them.
 */
export function refuseStrayFlags(flags: Record<string, unknown>): void {
  const [stray, goes] =
    flags.problem === undefined
      ? [['budget'].find((name) => flags[name] !== undefined), 'goes with']
      : [
          ['generations', 'stagnation', 'target', 'resume', 'out', 'strategy', 'predictor'].find(
            (name) => flags[name] !== undefined,
          ),
          'does not go with',
        ];
  if (!stray) return;
  throw new BitbudgetError('usage', `--${stray} ${goes} --problem.`, 'See `bitbudget search --help`.');
}
