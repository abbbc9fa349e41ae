export { type CostBound, costBounds } from './bounds.ts';
export { type CostModelOptions, createCostModel } from './cost-model.ts';
export { createDesignCosts, type DesignCosts } from './design-costs.ts';
export { chooseDevice, type DeviceFacts, parseDevice, readDevices } from './device.ts';
export { metricValue } from './metric-values.ts';
export { COST_METRICS, type Cost, type CostMetric, type CostModel, type Estimate } from './types.ts';
