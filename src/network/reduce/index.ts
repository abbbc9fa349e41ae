export { dropBlocks, type ResidualBlock, type ResidualStage, residualStages } from './blocks.ts';
export {
  type ChannelClasses,
  type ChannelGroup,
  channelClasses,
  channelGroups,
  isDepthwise,
  keptClasses,
} from './channel-classes.ts';
export { canCrop, cropKernels } from './kernels.ts';
export { reductionOf } from './read-reduction.ts';
export {
  describeReduction,
  isWhole,
  NO_REDUCTION,
  type ReducedLayer,
  type Reduction,
  reduceNetwork,
} from './reduce.ts';
export { additionOfShortcut, insertShortcuts, shortcutName } from './shortcuts.ts';
export { type KeptChannels, keptByTensor, slimNetwork } from './slim.ts';
