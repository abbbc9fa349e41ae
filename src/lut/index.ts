export { checkLut, parseLut } from './check.ts';
export { type DiffOptions, diffTables, type LutDiff } from './compare/diff.ts';
export { assertSameDevice, assertSameKernels, changedEntries } from './compatibility.ts';
export { type Coverage, coverTable } from './coverage.ts';
export { createEntry, entryKey } from './entry-key.ts';
export { readLut, writeLut } from './file.ts';
export { IMPORT_FORMATS, importTable } from './import/index.ts';
export {
  createInterpolator,
  type Interpolation,
  interpolateTable,
  type WantedEntry,
} from './interpolation/interpolate.ts';
export { type MeasurementPlan, planMeasurements } from './interpolation/plan.ts';
export { LutIndex, lookup } from './lut-index.ts';
export { mergeEntries } from './merge.ts';
export { type MergedTables, mergeTables } from './merge-tables.ts';
export type { Lut, LutContent, LutEntry, Trust } from './schema.ts';
export { LutSchema, lutJsonSchema } from './schema.ts';
export { serializeLut } from './serialize.ts';
export { showLut } from './show.ts';
