import { type Command, Option } from 'commander';
import { BitbudgetError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { PROXY_NAMES } from '../node/search.ts';
import type { Budgets } from '../space/index.ts';
import { parseObjectives, type StudySettings } from '../study/index.ts';
import { positiveNumber, seedFlag, wholeNumber } from './options.ts';

/** Budget flags by name as commander stores them: the metric, and how many of its units one of the flag's makes. */
const BUDGET_FLAGS = {
  latencyBudgetMs: { flag: '--latency-budget-ms <ms>', metric: 'latencyMs', units: 1, what: 'predicted latency' },
  energyBudgetMj: { flag: '--energy-budget-mj <mj>', metric: 'energyMj', units: 1, what: 'predicted energy' },
  sizeBudgetKib: { flag: '--size-budget-kib <kib>', metric: 'sizeBytes', units: 1024, what: 'size of the weights' },
  ramBudgetKib: { flag: '--ram-budget-kib <kib>', metric: 'ramBytes', units: 1024, what: 'peak RAM' },
  macsBudget: { flag: '--macs-budget <n>', metric: 'macs', units: 1, what: 'multiply-accumulates' },
  bitopsBudget: { flag: '--bitops-budget <n>', metric: 'bitOps', units: 1, what: 'bit operations' },
} as const;

export type BudgetOptions = { [Name in keyof typeof BUDGET_FLAGS]?: number };

export function addBudgetOptions(command: Command): void {
  for (const { flag, what } of Object.values(BUDGET_FLAGS)) {
    command.addOption(new Option(flag, `upper bound of the ${what}`).argParser(positiveNumber));
  }
}

/** The budgets that the flags set, in the metrics' own units. */
export function budgetsOf(options: BudgetOptions): Budgets {
  const budgets: { -readonly [Name in keyof Budgets]: Budgets[Name] } = {};
  for (const [name, { metric, units }] of Object.entries(BUDGET_FLAGS)) {
    const value = options[name as keyof BudgetOptions];
    if (value !== undefined) budgets[metric] = value * units;
  }
  return budgets;
}

export interface StudyOptions extends BudgetOptions {
  objectives: string;
  proxy: string;
  population: number;
  evaluations: number;
  generations?: number;
  seed: number;
}

export const DEFAULT_STUDY = { population: 92, evaluations: 2000, objectives: 'accuracy,latency' };

export function addStudyOptions(command: Command): void {
  addBudgetOptions(command);
  command
    .addOption(new Option('--objectives <list>', 'what to trade off').default(DEFAULT_STUDY.objectives))
    .addOption(new Option('--proxy <name>', 'predicts accuracy during the search').default(PROXY_NAMES[0]))
    .addOption(new Option('--population <n>').argParser(wholeNumber(4, 10_000)).default(DEFAULT_STUDY.population))
    .addOption(
      new Option('--evaluations <n>', 'candidates to evaluate')
        .argParser(wholeNumber(1, 1e7))
        .default(DEFAULT_STUDY.evaluations),
    )
    .addOption(new Option('--generations <n>', 'end after so many generations instead').argParser(wholeNumber(1, 1e6)))
    .addOption(seedFlag());
}

/**
 * The settings of a search from its flags.
 *
 * @throws {BitbudgetError} `usage` for an unknown objective or proxy.
 */
export function studySettings(options: StudyOptions): StudySettings {
  if (!PROXY_NAMES.includes(options.proxy)) {
    const guess = nearestName(options.proxy, PROXY_NAMES);
    const remedy = `${guess ? `Did you mean ${guess}? ` : ''}Use ${PROXY_NAMES.join(', ')}.`;
    throw new BitbudgetError('usage', `Unknown proxy "${options.proxy}".`, remedy);
  }
  const { population, evaluations, generations, seed } = options;
  return {
    objectives: parseObjectives(options.objectives),
    budgets: budgetsOf(options),
    population,
    evaluations,
    generations,
    seed,
  };
}
