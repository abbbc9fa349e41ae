import { type Command, Option } from 'commander';
import { findBitProxy } from '../../accuracy/proxies/index.ts';
import { BitbudgetError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports.ts';
import { metricValue } from '../../cost/metric-values.ts';
import { COST_METRICS } from '../../cost/types.ts';
import { interruptedError } from '../../node/cancellation.ts';
import { readDevice } from '../../node/device.ts';
import { describeHost, disabledIds } from '../../node/host.ts';
import { runName } from '../../node/model-files.ts';
import { deviceLabels } from '../../node/search.ts';
import { solveNetwork } from '../../node/solve.ts';
import { DEFAULT_BIT_PROXY, DEFAULT_PROXIES } from '../../node/space-proxy.ts';
import { openTables } from '../../node/tables.ts';
import { openWorkbench } from '../../node/workbench.ts';
import { type Allocation, type AllocationModel, allocate, readAllocation } from '../../search/index.ts';
import { budgetEntries, budgetedValue } from '../../space/index.ts';
import { ALLOCATION_PRESETS, type AllocationPreset, findAllocationPreset } from '../../study/index.ts';
import { type ImageFlags, normalisationOptions, preprocessingOf } from '../dataset-options.ts';
import {
  type CalibrationOptions,
  calibrationOf,
  calibrationOptions,
  networkFlag,
  pixelsFlag,
  schemeOptions,
  threadsFlag,
  weightsFlag,
} from '../options.ts';
import { addBudgetOptions, type BudgetOptions, budgetsOf, proxyOption } from '../search-options.ts';
import { chosenSpace, type SpaceFlags } from '../search-space.ts';
import { budgetsName } from '../search-text.ts';
import type { CliContext, CommandResult, Session } from '../session.ts';
import { renderTable } from '../table.ts';

interface SolveFlags extends BudgetOptions, SpaceFlags, CalibrationOptions, Pick<ImageFlags, 'mean' | 'std'> {
  pixels?: string;
  problem?: string;
  budget?: string;
  preset?: string;
  proxy?: string;
  weights?: string;
  lut?: string[];
  threads: number;
  out?: string;
}

/** One budget solved, as `--json` prints it. */
interface SolvedBudget extends Omit<Allocation, 'lowerBound'> {
  /** Null where nothing is known. */
  lowerBound: number | null;
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
      new Option('--problem <file>', 'instead of a network, layers × choices with metrics and budgets (mpa-1)'),
    )
    .addOption(new Option('--budget <name>', 'with --problem: only this budget of the file; all of them unless given'))
    .addOption(networkFlag())
    .addOption(weightsFlag())
    .addOption(pixelsFlag())
    .addOption(new Option('--lut <file...>', 'the tables, one a device; the newest of this device unless given'))
    .addOption(threadsFlag('threads that share each layer, in every table'))
    .addOption(new Option('--space <file>', 'what to choose from, as YAML or JSON: schemes alone'))
    .addOption(presetOption())
    .addOption(proxyOption(`; the preset's, or ${DEFAULT_BIT_PROXY}, unless given`));
  for (const option of schemeOptions()) command.addOption(option);
  command.addOption(
    new Option('--ends <how>', 'first and last layer: w8a8, or chosen too').choices(['fixed', 'free']).default('fixed'),
  );
  addBudgetOptions(command);
  for (const option of [...calibrationOptions(), ...normalisationOptions()]) command.addOption(option);
  command.addOption(new Option('--out <file>', 'the candidate; runs/<network>-solved.json unless given'));
  context.handle<SolveFlags>(command, async (_, flags, session) => {
    refuseStrays(flags);
    if (flags.problem !== undefined) return solveProblem(flags.problem, flags, session);
    const isDefault = (name: string) => command.getOptionValueSource(name) === 'default';
    const preset = flags.preset === undefined ? undefined : findAllocationPreset(flags.preset);
    return solveForNetwork(withAllocation(flags, preset, isDefault), preset, isDefault('network'), session);
  });
}

function presetOption(): Option {
  const told = ALLOCATION_PRESETS.map(({ name, summary, paper }) => `${name}: ${summary} (${paper})`).join('; ');
  return new Option('--preset <name>', `a published allocation: ${told}`);
}

/** The flags with what a published allocation says wherever the command line left the default. */
function withAllocation(
  flags: SolveFlags,
  preset: AllocationPreset | undefined,
  isDefault: (name: string) => boolean,
): SolveFlags {
  const proxy = findBitProxy(flags.proxy ?? preset?.proxy ?? DEFAULT_BIT_PROXY).name;
  if (!preset) return { ...flags, proxy };
  if (flags.proxy !== undefined && flags.proxy !== preset.proxy) {
    const problem = `--preset ${preset.name} ranks by ${preset.proxy}, and --proxy says ${flags.proxy}.`;
    throw new BitbudgetError('usage', problem, 'Leave one of them out.');
  }
  const ownChoices = flags.space !== undefined || flags.schemes !== undefined || !isDefault('bits');
  return {
    ...{ ...flags, proxy },
    ...(!ownChoices && { schemes: preset.schemes.join() }),
    ...(isDefault('calibrationSamples') && { calibrationSamples: preset.calibrationSamples }),
  };
}

/** A flag that the other kind of problem would silently ignore. */
function refuseStrays(flags: SolveFlags): void {
  if (flags.problem === undefined) {
    if (flags.budget === undefined) return;
    const remedy = 'Networks take --latency-budget-ms and the like.';
    throw new BitbudgetError('usage', '--budget goes with --problem.', remedy);
  }
  const given = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const stray = given.find((name) => /Budget|^(lut|space|weights|out|preset|proxy)$/.test(name));
  if (stray === undefined) return;
  const flag = `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new BitbudgetError('usage', `${flag} does not go with --problem.`, 'Choose a budget of the file by --budget.');
}

async function solveProblem(path: string, flags: SolveFlags, session: Session): Promise<CommandResult> {
  const { files, clock, cancellation, progress } = session;
  const model = await readAllocation(files, path);
  const names = flags.budget === undefined ? model.parts.budgets.map(({ name }) => name) : [flags.budget];
  const results: SolvedBudget[] = [];
  if (names.length === 0) results.push(await solveBudget(model, undefined, clock));
  for (const [i, name] of names.entries()) {
    progress('solving', i / names.length);
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (cancellation.aborted) throw interruptedError('Solving');
    results.push(await solveBudget(model, name, clock));
  }
  return { document: { results }, text: () => describeResults(results) };
}

async function solveForNetwork(
  flags: SolveFlags,
  preset: AllocationPreset | undefined,
  anyNetwork: boolean,
  session: Session,
): Promise<CommandResult> {
  const { files, clock, cancellation, progress: onProgress, note } = session;
  const { network, space } = await chosenSpace(flags, undefined, anyNetwork, session);
  const tables = await openTables(files, flags.lut, readDevice(), flags.threads);
  const host = await describeHost();
  const budgets = budgetsOf(flags, deviceLabels(tables));
  const { budgetConfidence } = flags;
  const disabled = disabledIds(host);
  const calibration = calibrationOf(flags);
  const preprocessing = preprocessingOf(flags);
  const workbench = await openWorkbench(network, {
    ...{ weightsFile: flags.weights, pixels: flags.pixels, preprocessing, calibration, disabled },
  });
  if (workbench.opened.remark) note(workbench.opened.remark);
  const startNs = clock.nowNs();
  const proxies = { ...DEFAULT_PROXIES, proxy: flags.proxy! };
  const request = { budgets, budgetConfidence, space, spaceFile: flags.space, proxies };
  const surroundings = { files, cancellation, onProgress };
  const { candidate, allocation } = await solveNetwork(workbench, tables, request, surroundings);
  const { genome, cost, loss, optimal, lowerBound } = allocation;
  const limited = budgetEntries(budgets);
  const path = flags.out ?? `runs/${runName(network)}-solved.json`;
  await files.writeAtomic(path, `${JSON.stringify(candidate, null, 2)}\n`);
  const result: SolvedBudget = {
    budget: budgetsName(budgets),
    limits: Object.fromEntries(limited),
    choice: genome,
    metrics: {
      loss,
      ...Object.fromEntries(COST_METRICS.map((metric) => [metric, metricValue(cost, metric)])),
      ...Object.fromEntries(limited.map(([name]) => [name, budgetedValue(cost, name, budgetConfidence)])),
    },
    optimal,
    lowerBound: Number.isFinite(lowerBound) ? lowerBound : null,
    timeMs: (clock.nowNs() - startNs) / 1e6,
  };
  const layers = candidate.layers.map(({ name, scheme }) => [name, scheme]);
  const { paper } = findBitProxy(flags.proxy!);
  const how = { proxy: flags.proxy, ...(preset && { preset: preset.name }), paper: preset?.paper ?? paper };
  return {
    document: { results: [result], candidate: path, ...how },
    text: () =>
      [
        `Loss by ${flags.proxy} (${how.paper}).\n`,
        describeResults([result], ''),
        renderTable([{ title: 'layer' }, { title: 'scheme' }], layers),
        `\nCandidate: ${path}. \`bitbudget verify --candidate ${path}\` measures it.`,
      ].join('\n'),
  };
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

function describeResults(
  results: readonly SolvedBudget[],
  ending = 'The choices of the layers are in the output of --json.',
): string {
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
        .map(([metric, limit]) => `${metric} ${shown(metrics[metric])} of ${shown(limit)}`)
        .join(', '),
      shown(metrics.loss),
      lowerBound === null ? 'none' : shown(lowerBound),
      optimal ? 'optimal' : 'not proven',
      timeMs.toFixed(1),
    ]),
  );
  return `${table}\n\n${ending}`;
}

/** Whole numbers as they are, others to six digits. */
function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
