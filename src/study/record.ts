import type { Evaluation } from '../search/index.ts';
import { brokenBudgets, budgetViolation } from '../space/index.ts';
import { objectiveValue } from './objectives.ts';
import type { StudyPoint } from './rows.ts';
import type { StudyOptions } from './types.ts';

/** Everything that a study has evaluated or rejected so far. */
export class StudyRecord<Point> {
  /** By genome, in the order of evaluation. */
  readonly points = new Map<string, StudyPoint>();
  /** How many genomes broke which budget before they were evaluated, or with their own weights. */
  readonly rejections: Record<string, number>;
  private readonly options: StudyOptions<Point>;

  constructor(options: StudyOptions<Point>, rejections: Readonly<Record<string, number>> = {}) {
    this.options = options;
    this.rejections = { ...rejections };
  }

  /** The losses of genomes by the study's source of accuracy. */
  async losses(genomes: readonly (readonly number[])[]): Promise<readonly number[]> {
    const { space, accuracy, proxy } = this.options;
    const decoded = genomes.map((genome) => space.decode(genome));
    return accuracy ? await accuracy.losses(decoded) : decoded.map((point) => proxy.loss(point));
  }

  /** Takes an evaluated genome into the reports, and tells what it is worth to the search. */
  add(genome: number[], loss: number): Evaluation {
    const { settings, space, costModel, measures } = this.options;
    const { budgets, objectives, budgetConfidence: confidence = 0 } = settings;
    const decoded = space.decode(genome);
    const cost = costModel.estimate(decoded);
    const broken = brokenBudgets(cost, budgets, confidence);
    const own = measures && Object.fromEntries(measures.map(({ name, value }) => [name, value(decoded, cost)]));
    const point: StudyPoint = {
      genome,
      cost,
      loss,
      feasible: broken.length === 0,
      reason: broken.map((name) => `over ${name}`).join('; '),
      ...(own && { measures: own }),
    };
    this.points.set(genome.join('-'), point);
    const violation = budgetViolation(cost, budgets, confidence);
    return { objectives: objectives.map((name) => objectiveValue(name, point)), violation };
  }

  /** Counts a genome that broke budgets, by their names. */
  reject(names: readonly string[], how = ''): void {
    for (const name of names) {
      const reason = `over ${name}${how}`;
      this.rejections[reason] = (this.rejections[reason] ?? 0) + 1;
    }
  }
}
