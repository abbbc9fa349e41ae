export { bestUnder } from './best-under.ts';
export { formatCsv, parseCsv } from './csv.ts';
export { genePriors } from './gene-priors.ts';
export { OBJECTIVES, type Objective, objectiveValue, parseObjectives } from './objectives.ts';
export * from './presets/index.ts';
export { type AccuracyColumn, COLUMNS, type MeasuredPoint, proxyColumn, proxyScore, type StudyPoint } from './rows.ts';
export { frontFile, recordMeasured } from './run-folder.ts';
export { runStudy } from './run-study.ts';
export type {
  AccuracySource,
  Strategy,
  StudyMeasure,
  StudyOptions,
  StudyProxy,
  StudyResult,
  StudySettings,
} from './types.ts';
