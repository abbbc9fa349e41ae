import { outputSize } from '../network/workload.ts';
import type { LayerArithmetic, TensorFormat } from '../quant/arithmetic.ts';
import type { ParameterValues } from './parameters.ts';
import type { LayerAddresses } from './types.ts';

/** 1.5 · 2²³ and its bits: adding it rounds to integers, see assembly/inline/requantize.ts. */
const ROUNDING_MAGIC = 12582912;
const ROUNDING_MAGIC_BITS = 0x4b400000;

/** The fields that mean the same for every kernel: addresses, geometry, types, output. */
export function sharedParameters(layer: LayerArithmetic, addresses: LayerAddresses): ParameterValues {
  const w = layer.workload;
  const [outHeight, outWidth] = outputSize(w);
  return {
    ...addresses,
    height: w.height,
    width: w.width,
    inChannels: w.inChannels,
    outHeight,
    outWidth,
    outChannels: w.outChannels,
    kernelHeight: w.kernel[0],
    kernelWidth: w.kernel[1],
    strideHeight: w.stride[0],
    strideWidth: w.stride[1],
    paddingTop: w.padding[0],
    paddingRight: w.padding[1],
    paddingBottom: w.padding[2],
    paddingLeft: w.padding[3],
    inputType: layer.input.type === 'f32' ? 1 : 0,
    residualType: layer.residual === undefined ? 0 : layer.residual.type === 'f32' ? 2 : 1,
    outputType: layer.output.type === 'f32' ? 1 : 0,
    inputZeroPoint: zeroPointOf(layer.input),
    residualZeroPoint: zeroPointOf(layer.residual),
    ...outputParameters(layer),
  };
}

/** Zero point and clamp; kernels clamp before they add the zero point, so u8 bounds are given relative to it. */
function outputParameters(layer: LayerArithmetic): ParameterValues {
  const outputZeroPoint = zeroPointOf(layer.output);
  return {
    outputZeroPoint,
    roundingMagic: ROUNDING_MAGIC,
    roundingOffset: ROUNDING_MAGIC_BITS - outputZeroPoint,
    outputMultiplier: layer.outputMultiplier ?? 0,
    clampLow: layer.clampLow - outputZeroPoint,
    clampHigh: layer.clampHigh - outputZeroPoint,
  };
}

/** Scales with which an f32 kernel reads u8 tensors as reals. */
export function realScales(layer: LayerArithmetic): ParameterValues {
  return { inputScale: scaleOf(layer.input), residualScale: scaleOf(layer.residual) };
}

/** The two multipliers of a u8 kernel without weights. */
export function integerMultipliers(layer: LayerArithmetic): ParameterValues {
  return { inputScale: layer.multiplier?.[0] ?? 0, residualScale: layer.residualMultiplier ?? 0 };
}

function zeroPointOf(format: TensorFormat | undefined): number {
  return format?.type === 'u8' ? format.zeroPoint : 0;
}

function scaleOf(format: TensorFormat | undefined): number {
  return format?.type === 'u8' ? format.scale : 0;
}
