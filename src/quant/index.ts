export type { LayerArithmetic, QuantizedFormat, Rescale, TensorFormat } from './arithmetic.ts';
export { CALIBRATION_METHODS, type Calibration, type CalibrationMethod } from './calibration.ts';
export { type Candidate, candidateSchema, candidateSchemes, parseCandidate } from './candidate.ts';
export { type QuantizedNetwork, quantizationSource, quantizeNetwork } from './quantize.ts';
export { runReference } from './reference/run.ts';
export { type Scheme, schemeBits, weightRange } from './scheme.ts';
export { planTensors, type TensorPlan, uniformSchemes, weightedLayers } from './tensor-plan.ts';
export { quantizeWeights } from './weights.ts';
