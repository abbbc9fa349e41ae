import { type Command, Option } from 'commander';
import { BitbudgetError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports.ts';
import { interruptedError } from '../../node/cancellation.ts';
import { type Allocation, type AllocationModel, allocate, readAllocation } from '../../search/index.ts';
import type { CliContext } from '../session.ts';
import { renderTable } from '../table.ts';

interface SolveFlags {
  problem: string;
  budget?: string;
}

/** One budget solved, as `--json` prints it. */
interface SolvedBudget extends Allocation {
  budget: string;
  limits: Record<string, number>;
  timeMs: number;
}

/** `bitbudget solve`: the best choice for each layer under hard budgets, proven where the problem is additive. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('solve')
    .description('the best allocation under budgets, proven to be so where costs add up over the layers')
    .addOption(
      new Option('--problem <file>', 'layers × choices with metrics and budgets, format mpa-1').makeOptionMandatory(),
    )
    .addOption(new Option('--budget <name>', 'only this budget of the problem; all of them unless given'));
  context.handle<SolveFlags>(command, async (_, flags, { files, clock, cancellation, progress }) => {
    const model = await readAllocation(files, flags.problem);
    const all = model.parts.budgets.map(({ name }) => name);
    const names = flags.budget === undefined ? all : [flags.budget];
    const results: SolvedBudget[] = [];
    if (names.length === 0) results.push(await solveBudget(model, undefined, clock));
    for (const [i, name] of names.entries()) {
      progress('solving', i / names.length);
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (cancellation.aborted) throw interruptedError('Solving');
      results.push(await solveBudget(model, name, clock));
    }
    return { document: { results }, text: () => describeResults(results) };
  });
}

async function solveBudget(model: AllocationModel, name: string | undefined, clock: Clock): Promise<SolvedBudget> {
  const startNs = clock.nowNs();
  try {
    const allocation = await allocate(model, name);
    const timeMs = (clock.nowNs() - startNs) / 1e6;
    const limits = model.parts.budgets.find((budget) => budget.name === name)?.limits ?? {};
    return { budget: name ?? 'none', limits, ...allocation, timeMs };
  } catch (error) {
    if (!(error instanceof BitbudgetError) || error.kind !== 'infeasible') throw error;
    throw new BitbudgetError('infeasible', `Budget ${name}: ${error.message}`, error.remedy, error.reachable);
  }
}

function describeResults(results: readonly SolvedBudget[]): string {
  const table = renderTable(
    [
      { title: 'budget' },
      { title: 'limits' },
      { title: 'loss', align: 'right' },
      { title: 'bound', align: 'right' },
      { title: '' },
      { title: 'ms', align: 'right' },
    ],
    results.map(({ budget, limits, metrics, lowerBound, optimal, timeMs }) => [
      budget,
      Object.entries(limits)
        .map(([metric, limit]) => `${metric} ${metrics[metric]} of ${limit}`)
        .join(', '),
      metrics.loss,
      lowerBound,
      optimal ? 'optimal' : 'not proven',
      timeMs.toFixed(1),
    ]),
  );
  return `${table}\n\nThe choices of the layers are in the output of --json.`;
}
