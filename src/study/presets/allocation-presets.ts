import { BitbudgetError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { Scheme } from '../../quant/scheme.ts';

/** A published way to allocate bits, as settings of ours: a proxy, what to choose from, and how many images are looked at. */
export interface AllocationPreset {
  readonly name: string;
  /** One line for the help text. */
  readonly summary: string;
  readonly paper: string;
  /** Name of the bit proxy. */
  readonly proxy: string;
  readonly schemes: readonly Scheme[];
  readonly calibrationSamples: number;
}

/** The orthogonality of the layers' outputs decides on weight bits; inputs keep 8. Its widths are those of a default table. */
export const OMPQ_ALLOCATION: AllocationPreset = {
  name: 'ompq',
  summary: 'weights of 2, 4 or 8 bits by the orthogonality of the layers',
  paper: 'Ma et al., OMPQ: Orthogonal Mixed Precision Quantization, AAAI 2023',
  proxy: 'ompq',
  schemes: ['w2a8', 'w4a8', 'w8a8'],
  calibrationSamples: 32,
};

/** Mean curvature times quantization error; weights and inputs of a layer both have 4 bits or both 8. */
export const HAWQ_V3_ALLOCATION: AllocationPreset = {
  name: 'hawq-v3',
  summary: '4 or 8 bits by the curvature of the loss',
  paper: 'Yao et al., HAWQ-V3: Dyadic Neural Network Quantization, ICML 2021',
  proxy: 'hawq-v3',
  schemes: ['w4a4', 'w8a8'],
  calibrationSamples: 64,
};

/** The published allocations that the solver knows. */
export const ALLOCATION_PRESETS: readonly AllocationPreset[] = [OMPQ_ALLOCATION, HAWQ_V3_ALLOCATION];

/**
 * A published allocation by its name.
 *
 * @throws {BitbudgetError} `usage` for an unknown name, with the nearest one.
 * @example findAllocationPreset('hawq-v3').schemes // => ['w4a4', 'w8a8']
 */
export function findAllocationPreset(name: string): AllocationPreset {
  const preset = ALLOCATION_PRESETS.find((own) => own.name === name);
  if (preset) return preset;
  const names = ALLOCATION_PRESETS.map((own) => own.name);
  const guess = nearestName(name, names);
  const remedy = `${guess ? `Did you mean ${guess}? ` : ''}Use ${names.join(', ')}.`;
  throw new BitbudgetError('usage', `Unknown preset "${name}".`, remedy);
}
