export { foldNetwork } from '../network/fold.ts';
export { seededWeights } from '../network/seeded-weights.ts';
export { inferShapes } from '../network/shapes.ts';
export { type LayerSummary, type NetworkSummary, summarize } from '../network/summary.ts';
export type { Layer, Network, Preprocessing, Shape, Weights } from '../network/types.ts';
export { type Workload, workloadKey, workloadMacs } from '../network/workload.ts';
export { ZOO_NAMES, zooNetwork } from '../network/zoo/index.ts';
export { loadNetwork, type OpenNetworkOptions } from './open-network.ts';
