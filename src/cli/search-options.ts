import { type Command, InvalidArgumentError, Option } from 'commander';
import { ARCHITECTURE_PROXIES, BIT_PROXIES, findArchitectureProxy, findBitProxy } from '../accuracy/proxies/index.ts';
import { BitbudgetError } from '../core/errors.ts';
import { DEFAULT_PROXIES } from '../node/space-proxy.ts';
import { type Budgets, budgetName } from '../space/index.ts';
import { OBJECTIVES, type Preset, parseObjectives, type Strategy, type StudySettings } from '../study/index.ts';
import { positiveNumber, seedFlag, wholeNumber } from './options.ts';
import { checkNames, checkPicks, type PickRequest, parsePick, parseValues } from './picks.ts';

/** Budget flags by name as commander stores them: the metric, and how many of its units one of the flag's makes. */
const BUDGET_FLAGS = {
  latencyBudgetMs: { flag: '--latency-budget-ms <ms>', metric: 'latencyMs', units: 1, what: 'predicted latency' },
  energyBudgetMj: { flag: '--energy-budget-mj <mj>', metric: 'energyMj', units: 1, what: 'predicted energy' },
  sizeBudgetKib: { flag: '--size-budget-kib <kib>', metric: 'sizeBytes', units: 1024, what: 'size of the weights' },
  ramBudgetKib: { flag: '--ram-budget-kib <kib>', metric: 'ramBytes', units: 1024, what: 'peak RAM' },
  macsBudget: { flag: '--macs-budget <n>', metric: 'macs', units: 1, what: 'multiply-accumulates' },
  bitopsBudget: { flag: '--bitops-budget <n>', metric: 'bitOps', units: 1, what: 'bit operations' },
} as const;

/** What differs between devices; the rest is the same on all of them. */
const PER_DEVICE: readonly string[] = ['latencyMs', 'energyMj', 'ramBytes'];

/** A bound for all devices under the empty name, and bounds of single ones under theirs. */
export type BudgetValue = Readonly<Record<string, number>>;
export type BudgetOptions = { [Name in keyof typeof BUDGET_FLAGS]?: BudgetValue } & { budgetConfidence?: number };

export function addBudgetOptions(command: Command): void {
  for (const [name, { what, metric }] of Object.entries(BUDGET_FLAGS)) {
    const devices = PER_DEVICE.includes(metric) ? '; or one a device, such as rpi4=20,pixel=8' : '';
    command.addOption(budgetOption(name as keyof typeof BUDGET_FLAGS, `upper bound of the ${what}${devices}`));
  }
  command.addOption(
    new Option(
      '--budget-confidence <share>',
      'budgets hold for the upper end of the interval that is right so often, such as 0.95',
    ).argParser(confidence),
  );
}

/** One of the budget flags. */
export function budgetOption(name: keyof typeof BUDGET_FLAGS, description: string): Option {
  return new Option(BUDGET_FLAGS[name].flag, description).argParser(parseBudget);
}

/**
 * A budget flag's text: a number, or a number for each of several devices.
 *
 * @throws {InvalidArgumentError} for what is neither.
 * @example parseBudget('rpi4=20,pixel=8') // => { rpi4: 20, pixel: 8 }
 */
export function parseBudget(text: string): BudgetValue {
  if (!text.includes('=')) return { '': positiveNumber(text) };
  const limits = text.split(',').map((part): [string, number] => {
    const [device, value, more] = part.split('=').map((piece) => piece.trim());
    if (!device || value === undefined || more !== undefined) {
      throw new InvalidArgumentError('Write a number, or device=number with commas between.');
    }
    return [device, positiveNumber(value)];
  });
  return Object.fromEntries(limits);
}

function confidence(text: string): number {
  const value = positiveNumber(text);
  if (value < 1) return value;
  throw new InvalidArgumentError('Give a share between 0 and 1, such as 0.95.');
}

/**
 * The budgets that the flags set, in the metrics' own units.
 *
 * @param devices names of the tables' devices, the first of which stands for all where there is one.
 * @throws {BitbudgetError} `usage` for a device without table.
 */
export function budgetsOf(options: BudgetOptions, devices: readonly string[] = []): Budgets {
  const budgets: { -readonly [Name in keyof Budgets]: Budgets[Name] } = {};
  for (const [name, { metric, units, flag }] of Object.entries(BUDGET_FLAGS)) {
    for (const [device, value] of Object.entries(options[name as keyof typeof BUDGET_FLAGS] ?? {})) {
      if (device !== '' && !PER_DEVICE.includes(metric)) {
        const problem = `${flag.split(' ')[0]} is the same on every device.`;
        throw new BitbudgetError('usage', problem, `Give one number, such as ${value}.`);
      }
      const label = device === '' ? undefined : knownDevice(device, devices);
      budgets[budgetName(metric, devices.length > 1 ? label : undefined)] = value * units;
    }
  }
  return budgets;
}

/** The device that a name means: itself, or the only one that begins with it. */
function knownDevice(name: string, devices: readonly string[]): string {
  if (devices.includes(name)) return name;
  const begun = devices.filter((device) => device.startsWith(name));
  if (begun.length === 1) return begun[0];
  const problem =
    begun.length > 1 ? `"${name}" may be ${begun.join(' or ')}.` : `There is no table of the device "${name}".`;
  throw new BitbudgetError('usage', problem, `Devices of the given tables are ${devices.join(', ')}.`);
}

export interface StudyOptions extends BudgetOptions {
  objectives: string;
  proxy?: string;
  architectureProxy: string;
  population: number;
  evaluations: number;
  generations?: number;
  timeMaxS?: number;
  stagnation?: number;
  target?: Record<string, number>;
  pick?: PickRequest[];
  seed: number;
  strategy?: Strategy;
  algorithm?: 'nsga2' | 'nsga3';
}

export const DEFAULT_STUDY = { population: 92, evaluations: 2000, objectives: 'accuracy,latency' };

export function addStudyOptions(command: Command): void {
  addBudgetOptions(command);
  command
    .addOption(new Option('--objectives <list>', 'what to trade off').default(DEFAULT_STUDY.objectives))
    .addOption(proxyOption('; the best known for the space unless given'))
    .addOption(architectureProxyOption())
    .addOption(new Option('--population <n>').argParser(wholeNumber(4, 10_000)).default(DEFAULT_STUDY.population))
    .addOption(
      new Option('--evaluations <n>', 'candidates to evaluate')
        .argParser(wholeNumber(1, 1e7))
        .default(DEFAULT_STUDY.evaluations),
    )
    .addOption(new Option('--generations <n>', 'end after so many generations instead').argParser(wholeNumber(1, 1e6)))
    .addOption(new Option('--time-max-s <s>', 'end after the generation that ends so late').argParser(positiveNumber))
    .addOption(
      new Option('--stagnation <n>', 'end when the hypervolume has not grown for so many generations').argParser(
        wholeNumber(1, 1e6),
      ),
    )
    .addOption(
      new Option('--target <list>', 'end when a candidate reaches it, such as accuracy=0.9,latency=2').argParser(
        parseValues,
      ),
    )
    .addOption(
      new Option('--pick <how...>', 'name points: knee, best:latency=2 or wish:accuracy=0.9,latency=2').argParser(
        (text: string, before: PickRequest[] | undefined) => [...(before ?? []), parsePick(text)],
      ),
    )
    .addOption(seedFlag())
    .addOption(
      new Option(
        '--strategy <name>',
        'guided by a model of the loss, by a surrogate with uncertainty, or evolution alone; surrogate with --accuracy measured, else guided but for more than 128 genes that the evaluations do not suffice to probe',
      ).choices(['guided', 'surrogate', 'evolution']),
    )
    .addOption(
      new Option('--algorithm <name>', 'selection; nsga2 up to three objectives and nsga3 beyond unless given').choices(
        ['nsga3', 'nsga2'],
      ),
    );
}

/** `--proxy`: what predicts accuracy. */
export function proxyOption(unlessGiven = ''): Option {
  const names = BIT_PROXIES.map(({ name }) => name).join(', ');
  return new Option('--proxy <name>', `what predicts accuracy from bits: ${names}${unlessGiven}`);
}

function architectureProxyOption(): Option {
  const names = ARCHITECTURE_PROXIES.map(({ name }) => name).join(', ');
  const what = `what predicts it where channels, windows or blocks go: ${names}`;
  return new Option('--architecture-proxy <name>', what).default(DEFAULT_PROXIES.architectureProxy);
}

/**
 * The settings of the flags, with those of a preset wherever the command line left the default.
 *
 * @param isDefault whether a flag, by its name in camelCase, was left alone.
 */
export function withPreset<Options extends StudyOptions>(
  options: Options,
  preset: Preset | undefined,
  isDefault: (name: string) => boolean,
): Options {
  if (!preset) return options;
  const { population, evaluations, objectives } = preset.settings;
  const published = { population, evaluations, objectives: objectives.join(',') };
  const left = Object.entries(published).filter(([name]) => isDefault(name));
  return { ...options, ...Object.fromEntries(left) };
}

/** What picks may name of a candidate. */
export function pickNames(objectives: readonly string[]): string[] {
  return [...new Set([...objectives, ...OBJECTIVES])];
}

/**
 * The settings of a search from its flags.
 *
 * @throws {BitbudgetError} `usage` for an unknown objective or proxy.
 */
export function studySettings(options: StudyOptions, devices: readonly string[] = [], preset?: Preset): StudySettings {
  if (options.proxy !== undefined) findBitProxy(options.proxy);
  findArchitectureProxy(options.architectureProxy);
  const { population, evaluations, generations, stagnation, target, seed } = options;
  const strategy = preset ? 'evolution' : options.strategy;
  const algorithm = options.algorithm ?? preset?.settings.algorithm;
  refuseUnguided(options, preset);
  const measures = preset?.measures.map(({ name }) => name) ?? [];
  const objectives = parseObjectives(options.objectives, devices.length > 1 ? devices : [], measures);
  if (target) checkNames('--target', target, objectives);
  checkPicks(options.pick ?? [], pickNames(objectives), objectives);
  return {
    objectives,
    budgets: budgetsOf(options, devices),
    ...(options.budgetConfidence !== undefined && { budgetConfidence: options.budgetConfidence }),
    population,
    evaluations,
    generations,
    ...(stagnation !== undefined && { stagnation }),
    ...(target && { target }),
    seed,
    ...(strategy && { strategy }),
    ...(algorithm && { algorithm }),
  };
}
/** A guided search ends with its evaluations, and keeps to no published search's ways. */
function refuseUnguided(options: StudyOptions, preset: Preset | undefined): void {
  if (options.strategy === undefined || options.strategy === 'evolution') return;
  const ends = {
    generations: 'generations',
    stagnation: 'stagnation',
    target: 'target',
    timeMaxS: 'time-max-s',
  } as const;
  const end = Object.entries(ends).find(([name]) => options[name as keyof typeof ends] !== undefined);
  if (!preset && !end) return;
  const other = preset ? `--preset ${preset.name}` : `--${end![1]}`;
  throw new BitbudgetError('usage', `${other} is no matter of a ${options.strategy} search.`, 'Leave out --strategy.');
}
