import type { DeviceFacts } from './device.ts';
import { estimateOf, FACT_RELATIVE_ERROR, METER_RELATIVE_ERROR } from './intervals.ts';
import type { Cost, Estimate } from './types.ts';

const PJ_PER_MJ = 1e9;
/** Half-width of the number of bytes that really come from main memory: between none of them and twice as many. */
const DRAM_TRAFFIC_RELATIVE_ERROR = 1;

/** Energy above idle from readings: their sum, uncertain as the time is and as the meter is. */
export function measuredEnergy(sumMj: number, latencyMs: Estimate): Cost['energyMj'] {
  const relative = sumMj / latencyMs.value;
  const meter = sumMj * METER_RELATIVE_ERROR;
  const estimate = estimateOf(sumMj, [
    [(latencyMs.value - latencyMs.low) * relative, (latencyMs.high - latencyMs.value) * relative],
    [meter, meter],
  ]);
  return { ...estimate, source: 'measured' };
}

/**
 * Energy above idle without a meter: active power of the busy cores times latency, and the weights once from main
 * memory where they do not fit the last cache level. Milliseconds times watts are millijoules.
 *
 * @param packedBytes of all layers, as the kernels read them.
 */
export function modelledEnergy(
  latencyMs: Estimate,
  packedBytes: number,
  threads: number,
  device: DeviceFacts,
): Cost['energyMj'] {
  const { activePowerPerCoreW, dramEnergyPjPerByte, lastLevelCacheBytes } = device;
  const powerW = activePowerPerCoreW.value * threads;
  const coreMj = powerW * latencyMs.value;
  const coreError = coreMj * FACT_RELATIVE_ERROR[activePowerPerCoreW.kind];
  const streams = dramEnergyPjPerByte !== undefined && packedBytes > lastLevelCacheBytes.value;
  const dramMj = streams ? (packedBytes * dramEnergyPjPerByte.value) / PJ_PER_MJ : 0;
  const dramError = dramMj * DRAM_TRAFFIC_RELATIVE_ERROR;
  const estimate = estimateOf(coreMj + dramMj, [
    [(latencyMs.value - latencyMs.low) * powerW, (latencyMs.high - latencyMs.value) * powerW],
    [coreError, coreError],
    [dramError, dramError],
  ]);
  return { ...estimate, source: 'model' };
}
