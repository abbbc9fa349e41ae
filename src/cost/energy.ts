import type { DeviceFacts } from './device.ts';
import { estimateOf, FACT_RELATIVE_ERROR } from './intervals.ts';
import type { Cost, Estimate } from './types.ts';

const PJ_PER_MJ = 1e9;
/** Half-width of the number of bytes that really come from main memory: between none of them and twice as many. */
const DRAM_TRAFFIC_RELATIVE_ERROR = 1;
/** The figures are of another process generation, and part of the arithmetic may be in the power already. */
const ARITHMETIC_RELATIVE_ERROR = 1;

/** A sum of readings, with its sampling error and what is wrong about all of it alike. */
export interface MeasuredSum {
  mj: number;
  belowMj: number;
  aboveMj: number;
  /** Of the meter, and of summing kernels. */
  relativeErrors: readonly number[];
  source: Cost['energyMj']['source'];
}

/** Energy above idle from readings: their sum, uncertain as the readings, the time and the meter are. */
export function measuredEnergy(sum: MeasuredSum, latencyMs: Estimate): Cost['energyMj'] {
  const perMs = sum.mj / latencyMs.value;
  const estimate = estimateOf(sum.mj, [
    [(latencyMs.value - latencyMs.low) * perMs, (latencyMs.high - latencyMs.value) * perMs],
    [sum.belowMj, sum.aboveMj],
    ...sum.relativeErrors.map((relative): [number, number] => [sum.mj * relative, sum.mj * relative]),
  ]);
  return { ...estimate, source: sum.source };
}

/** What the model needs of a candidate besides its latency. */
export interface ModelledWork {
  /** Of all layers, as the kernels read them. */
  packedBytes: number;
  /** Multiply-accumulates of layers in f32, and of the others. */
  realMacs: number;
  integerMacs: number;
}

/**
 * Energy above idle without a meter: active power of the busy cores times latency; the arithmetic of SIMD, which the power
 * of a core under ordinary load does not hold; and the weights once from main memory where they do not fit the last cache
 * level. Milliseconds times watts are millijoules.
 */
export function modelledEnergy(
  latencyMs: Estimate,
  { packedBytes, realMacs, integerMacs }: ModelledWork,
  threads: number,
  device: DeviceFacts,
): Cost['energyMj'] {
  const { activePowerPerCoreW, dramEnergyPjPerByte, lastLevelCacheBytes, realMacPj, integerMacPj } = device;
  const powerW = activePowerPerCoreW.value * threads;
  const coreMj = powerW * latencyMs.value;
  const coreError = coreMj * FACT_RELATIVE_ERROR[activePowerPerCoreW.kind];
  const streams = dramEnergyPjPerByte !== undefined && packedBytes > lastLevelCacheBytes.value;
  const dramMj = streams ? (packedBytes * dramEnergyPjPerByte.value) / PJ_PER_MJ : 0;
  const dramError = dramMj * DRAM_TRAFFIC_RELATIVE_ERROR;
  const macsMj = (realMacs * (realMacPj?.value ?? 0) + integerMacs * (integerMacPj?.value ?? 0)) / PJ_PER_MJ;
  const macsError = macsMj * ARITHMETIC_RELATIVE_ERROR;
  const estimate = estimateOf(coreMj + macsMj + dramMj, [
    [(latencyMs.value - latencyMs.low) * powerW, (latencyMs.high - latencyMs.value) * powerW],
    [coreError, coreError],
    [macsError, macsError],
    [dramError, dramError],
  ]);
  return { ...estimate, source: 'model' };
}
