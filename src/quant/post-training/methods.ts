/**
 * What may be done to a network after training so that few bits lose less; in the order in which they are applied.
 * `equalise`: ranges of neighbouring channels evened out. `adaround`: weights rounded up or down together. `batch-norm`:
 * each output channel's deviation and mean brought back. `bias`: the mean alone.
 */
export type PostTrainingMethod = 'equalise' | 'adaround' | 'batch-norm' | 'bias';

export const POST_TRAINING_METHODS: readonly PostTrainingMethod[] = ['equalise', 'adaround', 'batch-norm', 'bias'];

/** Methods that need to know what a layer's inputs are like. */
export function needsMoments(methods: readonly PostTrainingMethod[]): boolean {
  return methods.some((method) => method !== 'equalise');
}
