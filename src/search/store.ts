import { BitbudgetError } from '../core/errors.ts';
import { type GenomeIndex, HashIndex, KeyIndex } from './genome-index.ts';
import type { Evaluation, Individual, VariableTable } from './problem.ts';

type GenomeArray = Uint8Array | Int32Array | Float64Array;

/**
 * Every genome ever evaluated, once, in the order of evaluation: the archive, the duplicate cache and the memory of the
 * population (which is a list of rows) in one. Rows are only ever added.
 */
export class EvaluationStore {
  readonly geneCount: number;
  readonly objectiveCount: number;
  /** Row-major, `geneCount` a row. */
  genomes: GenomeArray;
  /** Row-major, `objectiveCount` a row; NaN until the row is evaluated. */
  objectives: Float64Array;
  /** At most 0 where feasible. */
  violations: Float64Array;
  size = 0;
  private readonly index: GenomeIndex;

  constructor(table: VariableTable, objectiveCount: number, key?: (genome: number[]) => string) {
    this.geneCount = table.count;
    this.objectiveCount = objectiveCount;
    const capacity = 256;
    const small = table.realCount === 0 && table.low.every((v) => v >= 0) && table.high.every((v) => v <= 255);
    const whole = table.realCount === 0 && table.high.every((v, i) => v < 2 ** 31 && table.low[i] >= -(2 ** 31));
    const length = capacity * table.count;
    this.genomes = small ? new Uint8Array(length) : whole ? new Int32Array(length) : new Float64Array(length);
    this.objectives = new Float64Array(capacity * objectiveCount).fill(Number.NaN);
    this.violations = new Float64Array(capacity);
    this.index = key
      ? new KeyIndex((genome) => key(Array.from(genome)))
      : new HashIndex(table.count, (row, gene) => this.genomes[row * this.geneCount + gene]);
  }

  /** The row of a genome, or −1 where it is new. */
  find(genome: ArrayLike<number>): number {
    return this.index.find(genome);
  }

  /** Reserves a row for a new genome; `record` completes it. */
  add(genome: ArrayLike<number>): number {
    if (this.size === this.violations.length) this.grow();
    const row = this.size++;
    const offset = row * this.geneCount;
    for (let i = 0; i < this.geneCount; i++) this.genomes[offset + i] = genome[i] + 0;
    this.index.add(genome, row);
    return row;
  }

  /**
   * @throws {BitbudgetError} `input` where an objective is missing or not finite.
   */
  record(row: number, evaluation: Evaluation): void {
    const { objectives, violation = 0 } = evaluation;
    const valid = objectives.length === this.objectiveCount && objectives.every(Number.isFinite);
    if (!valid || !Number.isFinite(violation)) {
      throw new BitbudgetError(
        'input',
        `A genome was evaluated to objectives [${objectives.join(', ')}] and violation ${violation}.`,
        `Return ${this.objectiveCount} finite objectives; mark what cannot be used by a violation above 0.`,
      );
    }
    const offset = row * this.objectiveCount;
    for (let i = 0; i < this.objectiveCount; i++) this.objectives[offset + i] = objectives[i] + 0;
    this.violations[row] = violation + 0;
  }

  genome(row: number): number[] {
    // A plain loop is several times faster than Array.from, and every child passes here.
    const genome = new Array<number>(this.geneCount);
    for (let i = 0, offset = row * this.geneCount; i < this.geneCount; i++) genome[i] = this.genomes[offset + i];
    return genome;
  }

  objectivesOf(row: number): number[] {
    return Array.from(this.objectives.subarray(row * this.objectiveCount, (row + 1) * this.objectiveCount));
  }

  individual(row: number): Individual {
    return { variables: this.genome(row), objectives: this.objectivesOf(row), violation: this.violations[row] };
  }

  /** Those of the first `end` rows that are feasible, in the order of evaluation. */
  feasibleRows(end: number): number[] {
    const rows: number[] = [];
    for (let row = 0; row < end; row++) if (this.violations[row] <= 0) rows.push(row);
    return rows;
  }

  private grow(): void {
    const capacity = 2 * this.violations.length;
    const genomes =
      this.genomes instanceof Uint8Array
        ? new Uint8Array(capacity * this.geneCount)
        : this.genomes instanceof Int32Array
          ? new Int32Array(capacity * this.geneCount)
          : new Float64Array(capacity * this.geneCount);
    genomes.set(this.genomes);
    const objectives = new Float64Array(capacity * this.objectiveCount).fill(Number.NaN);
    objectives.set(this.objectives);
    const violations = new Float64Array(capacity);
    violations.set(this.violations);
    Object.assign(this, { genomes, objectives, violations });
  }
}
