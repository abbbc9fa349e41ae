import type { Progress } from '../core/ports.ts';
import type { Engine } from '../engine/engine.ts';
import type { NetworkInput } from '../engine/input.ts';
import type { QuantizationSource } from '../quant/quantize.ts';
import type { SensorReading } from './sensors.ts';
import type { Stopwatch } from './visit.ts';

/**
 * Everything a measurement needs from outside: the engine, the network's numbers, clocks, and how to yield (`pause` lets the event
 * loop and background compilers run for at least so many milliseconds) and stop.
 */
export interface Bench extends Stopwatch {
  engine: Engine;
  source: QuantizationSource;
  /** One real image: wrongly distributed values would change the timing. */
  input: NetworkInput;
  onProgress: Progress;
  /** Fills all caches with other data; absent where nothing is to be timed with cold caches. */
  evictCaches?: () => void;
  /** What the system's sensors show at this moment, the slow ones only if asked to be thorough; absent where it has none. */
  sensors?: (thorough: boolean) => SensorReading;
}
