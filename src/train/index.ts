export { TrainableModel } from '../autodiff/model.ts';
export type { Augmentation } from './batches.ts';
export { compareForward, type ForwardComparison, floatAccuracy, logitsOf } from './evaluate.ts';
export { DEFAULT_SETTINGS, type TrainOptions, type TrainResult, type TrainSettings, train } from './train.ts';
