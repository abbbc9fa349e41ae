import { BitbudgetError } from '../core/errors.ts';
import type { EvaluationStore } from './store.ts';
import type { SurvivalState } from './survival/survival.ts';

/** A search between two generations, as plain JSON: every evaluated point, and every source of what comes next. */
export interface SearchState {
  algorithm: string;
  generation: number;
  random: [number, number, number, number];
  /** Rows of `genomes` that live. */
  population: number[];
  genomes: number[][];
  objectives: number[][];
  violations: number[];
  survival: SurvivalState;
  refused: number;
  /** How many new genomes each of the last generations found. */
  found: number[];
  /** Evaluations up to the end of each generation. */
  generationEnds: number[];
  /** After each generation, where it is measured. */
  hypervolumes: number[];
}

/** Puts a state's points back into an empty store, in their old rows. */
export function restoreStore(store: EvaluationStore, state: SearchState): void {
  state.genomes.forEach((genome, i) => {
    const row = store.add(genome);
    store.record(row, { objectives: state.objectives[i], violation: state.violations[i] });
  });
}

/**
 * @param measured whether the search measures hypervolumes.
 * @throws {BitbudgetError} `mismatch` where the state is of another algorithm or problem, or contradicts itself.
 */
export function checkState(state: SearchState, algorithm: string, store: EvaluationStore, measured: boolean): void {
  if (state.algorithm !== algorithm || !hasShape(state, store)) {
    throw new BitbudgetError(
      'mismatch',
      `The saved state is of ${state.algorithm} with ${state.genomes?.[0]?.length} genes and ${state.objectives?.[0]?.length} objectives.`,
      `Resume it with the options it was made with; these are ${algorithm} with ${store.geneCount} genes and ${store.objectiveCount} objectives.`,
    );
  }
  if (!isConsistent(state)) {
    throw new BitbudgetError(
      'mismatch',
      'The saved state contradicts itself: it was cut, changed or saved by another version.',
      'Start the search anew, or resume from another state.',
    );
  }
  if (measured !== state.hypervolumes.length > 0) {
    throw new BitbudgetError(
      'mismatch',
      `The saved search ${measured ? 'measured no' : 'measured a'} hypervolume after each generation, and this one is to differ.`,
      'Resume it with the options it was made with.',
    );
  }
}

function hasShape({ genomes, objectives }: SearchState, store: EvaluationStore): boolean {
  return (
    isListOf(genomes, (genome) => isListOf(genome, Number.isFinite) && genome.length === store.geneCount) &&
    isListOf(objectives, (values) => isListOf(values, Number.isFinite) && values.length === store.objectiveCount)
  );
}

function isConsistent(state: SearchState): boolean {
  const { genomes, objectives, violations, population, random, found, generationEnds: ends, hypervolumes } = state;
  const count = genomes.length;
  const isRow = (row: unknown) => Number.isInteger(row) && (row as number) >= 0 && (row as number) < count;
  return (
    isListOf(population, isRow) &&
    new Set(population).size === population.length &&
    isListOf(violations, Number.isFinite) &&
    isListOf(random, Number.isInteger) &&
    isListOf(found, Number.isInteger) &&
    isListOf(ends, (end, i) => Number.isInteger(end) && end >= (i > 0 ? ends[i - 1] : 0)) &&
    isListOf(hypervolumes, Number.isFinite) &&
    Number.isInteger(state.refused) &&
    random.length === 4 &&
    objectives.length === count &&
    violations.length === count &&
    ends.length === state.generation &&
    (ends.at(-1) ?? 0) === count &&
    (hypervolumes.length === 0 || hypervolumes.length === ends.length)
  );
}

function isListOf<Item>(list: readonly Item[] | undefined, test: (item: Item, i: number) => boolean): boolean {
  return Array.isArray(list) && list.every(test);
}
