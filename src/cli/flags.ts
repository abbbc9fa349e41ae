import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import * as read from './flag-values.ts';

/** A flag with a value that is read and checked; its name is the first word of `flags` without dashes. */
function flag<T>(flags: string, description: string, reader: read.FlagReader<T>, initial?: T, shown?: string): Option {
  const name = /^--([a-z0-9-]+)/.exec(flags)![1];
  const option = new Option(flags, description).argParser(reader(name));
  return initial === undefined ? option : option.default(initial, shown);
}

const text: read.FlagReader<string> = () => (value) => value;
const uint32 = 2 ** 32 - 1;

export const networkOption = () => flag('--network <name>', 'zoo network or model file', text, 'resnet8');
export const lutOption = () =>
  new Option('--lut <file...>', 'lookup tables, several for several devices (default: the newest of this device)');
export const outOption = (initial: string) =>
  new Option('--out <path>', `where to write (default: ${initial})`);

/** Of the two, --schemes wins; read them with {@link schemesOf}. */
export const schemeOptions = () => [
  flag('--schemes <list>', 'schemes, such as f32,w8a8,w4a4', read.schemes),
  flag('--bits <list>', 'bit widths; all pairs of them, and f32', read.bits, read.bits('bits')('2,4,8'), '2,4,8'),
];

/** The schemes that the flags of {@link schemeOptions} ask for. */
export function schemesOf(options: { schemes?: ReturnType<typeof flagSchemes>; bits: ReturnType<typeof flagSchemes> }) {
  return options.schemes ?? options.bits;
}
const flagSchemes = read.schemes('schemes');

export const budgetOptions = () => [
  flag('--latency-budget-ms <ms>', 'upper bound on latency', read.budget),
  flag('--energy-budget-mj <mJ>', 'upper bound on energy', read.budget),
  flag('--size-budget-kib <KiB>', 'upper bound on the size of the weights', read.budget),
  flag('--ram-budget-kib <KiB>', 'upper bound on peak memory', read.budget),
  flag('--macs-budget <count>', 'upper bound on multiply-accumulates', read.budget),
  flag('--bitops-budget <count>', 'upper bound on bit operations', read.budget),
];

/** The values of {@link budgetOptions}. */
export interface BudgetFlags {
  latencyBudgetMs?: read.Budget;
  energyBudgetMj?: read.Budget;
  sizeBudgetKib?: read.Budget;
  ramBudgetKib?: read.Budget;
  macsBudget?: read.Budget;
  bitopsBudget?: read.Budget;
}

export const searchOptions = () => [
  flag('--objectives <list>', 'what to optimise', read.nameList, ['accuracy', 'latency'], 'accuracy,latency'),
  new Option('--proxy <name>', 'score that stands for accuracy during the search'),
  flag('--population <count>', 'candidates in a generation', read.wholeNumber(4, 10_000), 92),
  flag('--generations <count>', 'generations to run', read.wholeNumber(1, 1_000_000)).conflicts('evaluations'),
  flag('--evaluations <count>', 'candidates to evaluate (default: 2000)', read.wholeNumber(1, 100_000_000)),
];

export const seedOption = () => flag('--seed <number>', 'seed of everything random', read.wholeNumber(0, uint32), 1);
export const datasetOptions = () => [
  flag('--dataset <name>', 'data set or its folder', text, 'built-in'),
  flag('--samples <count>', 'images to use (default: all)', read.wholeNumber(1, 100_000_000)),
];
export const threadsOption = () => flag('--threads <count>', 'threads of one inference', read.wholeNumber(1, 1), 1);
export const workersOption = () =>
  flag('--workers <count>', 'evaluations side by side', read.wholeNumber(1, 256), availableParallelism());
export const resumeOption = () => new Option('--resume', 'continue where an earlier run stopped');
export const strictOption = () => new Option('--strict', 'fail if a figure cannot be trusted');
export const timeMaxOption = () => flag('--time-max-s <s>', 'stop after this time', read.positiveNumber);
export const randomOption = () => flag('--random <count>', 'random candidates to add', read.wholeNumber(1, 10_000));
export const candidateOption = () => new Option('--candidate <file...>', 'candidate files');
export const maxErrorOption = () =>
  flag('--max-error <share>', 'largest median error that passes', read.share, 0.05, '5%');
