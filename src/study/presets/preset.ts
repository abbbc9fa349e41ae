import type { Network } from '../../network/types.ts';
import type { SearchSpace, SpaceConfigInput, SpacePoint } from '../../space/index.ts';
import type { StudyMeasure, StudySettings } from '../types.ts';

/** A published search as settings of ours: its space, its numbers of evaluations, its outputs. */
export interface Preset {
  readonly name: string;
  /** One sentence for the help text. */
  readonly summary: string;
  /** The network that it was published with. */
  readonly network: string;
  /** @throws {BitbudgetError} `usage` for a network that it was not made for. */
  space(network: Network): SpaceConfigInput;
  readonly settings: Pick<StudySettings, 'population' | 'evaluations' | 'objectives' | 'algorithm'>;
  /** The random genomes of the first generation. */
  initial(space: SearchSpace, seed: number): number[][];
  readonly measures: readonly StudyMeasure<SpacePoint>[];
}

/**
 * QuantEA's two costs, as further columns and as objectives: `flops` counts a multiply-accumulate as the mean of its
 * weight and activation bits in units of 32, and `weightedParameters` a weight as its bits in units of 32.
 */
export const PUBLISHED_MEASURES: readonly StudyMeasure<SpacePoint>[] = [
  { name: 'flops', value: (_, cost) => cost.flops! },
  { name: 'weightedParameters', value: (_, cost) => cost.weightedParameters! },
];
