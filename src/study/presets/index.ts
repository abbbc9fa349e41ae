import { BitbudgetError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import { APQ_EVOLUTION } from './apq-evolution.ts';
import type { Preset } from './preset.ts';
import { PRUNE_EA } from './prune-ea.ts';
import { QUANT_EA } from './quant-ea.ts';

export {
  ALLOCATION_PRESETS,
  type AllocationPreset,
  findAllocationPreset,
  HAWQ_V3_ALLOCATION,
  OMPQ_ALLOCATION,
} from './allocation-presets.ts';
export { APQ_EVOLUTION, apqTable, capacityProxy } from './apq-evolution.ts';
export { formatOutput, OUTPUT_COLUMNS } from './output.ts';
export { type Preset, PUBLISHED_MEASURES } from './preset.ts';
export { PRUNE_EA } from './prune-ea.ts';
export { QUANT_EA } from './quant-ea.ts';

/** The published searches. */
export const PRESETS: readonly Preset[] = [QUANT_EA, PRUNE_EA, APQ_EVOLUTION];

/**
 * A published search by its name.
 *
 * @throws {BitbudgetError} `usage` for an unknown name.
 * @example findPreset('quant-ea').settings.evaluations // => 832
 */
export function findPreset(name: string): Preset {
  const preset = PRESETS.find((own) => own.name === name);
  if (preset) return preset;
  const names = PRESETS.map((own) => own.name);
  const guess = nearestName(name, names);
  throw new BitbudgetError(
    'usage',
    `Unknown preset "${name}".`,
    `${guess ? `Did you mean ${guess}? ` : ''}Use ${names.join(', ')}.`,
  );
}
