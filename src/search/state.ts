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
}

/** Puts a state's points back into an empty store, in their old rows. */
export function restoreStore(store: EvaluationStore, state: SearchState): void {
  state.genomes.forEach((genome, i) => {
    const row = store.add(genome);
    store.record(row, { objectives: state.objectives[i], violation: state.violations[i] });
  });
}

/**
 * @throws {BitbudgetError} `mismatch` where the state is of another algorithm or problem.
 */
export function checkState(state: SearchState, algorithm: string, store: EvaluationStore): void {
  const sameShape =
    state.genomes.every((genome) => genome.length === store.geneCount) &&
    state.objectives.every((objectives) => objectives.length === store.objectiveCount);
  if (state.algorithm === algorithm && sameShape) return;
  throw new BitbudgetError(
    'mismatch',
    `The saved state is of ${state.algorithm} with ${state.genomes[0]?.length} genes and ${state.objectives[0]?.length} objectives.`,
    `Resume it with the options it was made with; these are ${algorithm} with ${store.geneCount} genes and ${store.objectiveCount} objectives.`,
  );
}
