import type { EvolutionOptions, OperatorSettings } from './options.ts';
import { usage } from './problem.ts';

/**
 * @throws {BitbudgetError} `usage` for the first option that makes no sense.
 */
export function checkOptions(options: EvolutionOptions): void {
  wholeFrom(1, 'objectives', options.objectives);
  wholeFrom(2, 'population', options.population);
  wholeFrom(1, 'generations', options.generations);
  wholeFrom(1, 'evaluations', options.evaluations);
  wholeFrom(0, 'seed', options.seed);
  checkEnd(options);
  checkMeasures(options);
  if (options.operators) checkOperators(options.operators);
}

function wholeFrom(least: number, name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= least)) return;
  throw usage(`The option ${name} is ${value}.`, `Give a whole number of at least ${least}.`);
}

/** A target or stagnation may never come, so neither alone is an end. */
function checkEnd({ generations, evaluations, timeMaxMs, clock }: EvolutionOptions): void {
  if (generations === undefined && evaluations === undefined && timeMaxMs === undefined) {
    throw usage('The search has no end.', 'Give generations, evaluations, timeMaxMs or several of them.');
  }
  if (timeMaxMs === undefined) return;
  if (!(timeMaxMs > 0)) throw usage(`The option timeMaxMs is ${timeMaxMs}.`, 'Give a number of milliseconds above 0.');
  if (!clock) throw usage('The option timeMaxMs needs a clock.', 'Pass the option clock.');
}

function checkMeasures({ objectives, hypervolume, stagnation, target }: EvolutionOptions): void {
  if (hypervolume) checkPoint('hypervolume.reference', hypervolume.reference, objectives);
  if (target?.objectives) checkPoint('target.objectives', target.objectives, objectives);
  if (target && target.objectives === undefined && target.hypervolume === undefined) {
    throw usage('The option target names none.', 'Give target.objectives, target.hypervolume or both.');
  }
  if (target?.hypervolume !== undefined && !Number.isFinite(target.hypervolume)) {
    throw usage(`The option target.hypervolume is ${target.hypervolume}.`, 'Give a finite number.');
  }
  if ((stagnation || target?.hypervolume !== undefined) && !hypervolume) {
    throw usage('The hypervolume is to end the search but is not measured.', 'Give hypervolume.reference.');
  }
  if (!stagnation) return;
  wholeFrom(1, 'stagnation.generations', stagnation.generations);
  const { tolerance = 0 } = stagnation;
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw usage(`The option stagnation.tolerance is ${tolerance}.`, 'Give a share from 0 to below 1.');
  }
}

function checkPoint(name: string, point: readonly number[], objectives: number): void {
  if (point.length === objectives && point.every(Number.isFinite)) return;
  throw usage(`The option ${name} is [${point.join(', ')}].`, `Give ${objectives} finite numbers, one an objective.`);
}

function checkOperators(operators: Partial<OperatorSettings>): void {
  const { crossoverProbability = 0, crossoverIndex = 0, mutationIndex = 0, realMutations = 0 } = operators;
  if (!(crossoverProbability >= 0 && crossoverProbability <= 1)) {
    throw usage(`The crossover probability is ${crossoverProbability}.`, 'Give a number from 0 to 1.');
  }
  for (const [name, value] of Object.entries({ crossoverIndex, mutationIndex, realMutations })) {
    if (!(value >= 0 && Number.isFinite(value))) {
      throw usage(`The operator setting ${name} is ${value}.`, 'Give a finite number of at least 0.');
    }
  }
}
