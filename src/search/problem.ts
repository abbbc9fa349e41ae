import { BitbudgetError } from '../core/errors.ts';

/**
 * One gene. A choice is an unordered index in [0, count); an integer is ordered, low and high included; a real lies in
 * [low, high].
 */
export type Variable = { kind: 'choice'; count: number } | { kind: 'integer' | 'real'; low: number; high: number };

/** What one genome is worth: every objective is minimised, and a violation of at most 0 is feasible. */
export interface Evaluation {
  objectives: number[];
  violation?: number;
}

/** An evaluated genome. */
export interface Individual {
  variables: number[];
  objectives: number[];
  violation: number;
}

export const CHOICE = 0;
export const INTEGER = 1;
export const REAL = 2;

/** The variables as columns, which is how the operators read them. */
export interface VariableTable {
  readonly count: number;
  /** CHOICE, INTEGER or REAL of each gene. */
  readonly kinds: Uint8Array;
  readonly low: Float64Array;
  /** Included in the range, for every kind. */
  readonly high: Float64Array;
  /** The genes that are not real and can take more than one value. */
  readonly discrete: Int32Array;
  readonly realCount: number;
}

/**
 * Turns variables into columns.
 *
 * @throws {BitbudgetError} `usage` for an empty list or a variable without a value to take.
 * @example tabulateVariables([{ kind: 'choice', count: 3 }]).high[0] // => 2
 */
export function tabulateVariables(variables: readonly Variable[]): VariableTable {
  if (variables.length === 0) throw usage('A search needs at least one variable.', 'Pass the list of variables.');
  const kinds = new Uint8Array(variables.length);
  const low = new Float64Array(variables.length);
  const high = new Float64Array(variables.length);
  variables.forEach((variable, i) => {
    checkVariable(variable, i);
    kinds[i] = variable.kind === 'choice' ? CHOICE : variable.kind === 'integer' ? INTEGER : REAL;
    low[i] = variable.kind === 'choice' ? 0 : variable.low;
    high[i] = variable.kind === 'choice' ? variable.count - 1 : variable.high;
  });
  const discrete: number[] = [];
  let realCount = 0;
  for (let i = 0; i < variables.length; i++) {
    if (kinds[i] === REAL) realCount++;
    else if (high[i] > low[i]) discrete.push(i);
  }
  return { count: variables.length, kinds, low, high, discrete: Int32Array.from(discrete), realCount };
}

function checkVariable(variable: Variable, index: number): void {
  if (variable.kind === 'choice') {
    if (!Number.isInteger(variable.count) || variable.count < 1) {
      throw usage(`Variable ${index} has ${variable.count} choices.`, 'A choice needs a whole count of at least 1.');
    }
    return;
  }
  const { kind, low, high } = variable;
  const whole = kind === 'real' || (Number.isInteger(low) && Number.isInteger(high) && high - low < 2 ** 31);
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high && whole)) {
    throw usage(
      `Variable ${index} (${kind}) has the range ${low} to ${high}.`,
      'Give finite bounds with low <= high, whole numbers for an integer.',
    );
  }
}

/**
 * Whether a genome has one value within range for each variable.
 *
 * @throws {BitbudgetError} `usage` that names the first gene out of range.
 */
export function checkGenome(table: VariableTable, genome: ArrayLike<number>, origin: string): void {
  if (genome.length !== table.count) {
    throw usage(`A genome of ${origin} has ${genome.length} genes.`, `Give ${table.count}, one for each variable.`);
  }
  for (let i = 0; i < table.count; i++) {
    const value = genome[i];
    const inRange = value >= table.low[i] && value <= table.high[i];
    if (!inRange || (table.kinds[i] !== REAL && !Number.isInteger(value))) {
      throw usage(
        `Gene ${i} of a genome of ${origin} is ${value}.`,
        `Give ${table.kinds[i] === REAL ? 'a number' : 'a whole number'} from ${table.low[i]} to ${table.high[i]}.`,
      );
    }
  }
}

/** A `usage` error, which is what every wrong option of this folder throws. */
export function usage(message: string, remedy: string): BitbudgetError {
  return new BitbudgetError('usage', message, remedy);
}
