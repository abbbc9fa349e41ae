import type { Cancellation, Clock, Progress } from '../../core/ports.ts';
import type { EnergyMeter as MeterKind } from '../../lut/schema.ts';
import type { LoadPattern } from './load-pattern.ts';
import type { PowerTrace } from './power-trace.ts';

/** The kinds of meters; a table says which one its energy is from. */
export type MeterSource = Exclude<MeterKind, 'model'>;

/** What every meter tells of itself. */
export interface MeterFacts {
  /** As `--energy` takes it: `rapl`, `hwmon:ina219-0`, `battery:BAT0`. */
  id: string;
  source: MeterSource;
  /** What is measured: the processor's package, the whole board … */
  description: string;
  /** Time between two fresh values, ms; undefined where it has to be found out by watching. */
  updateMs: number | undefined;
}

/** A meter that is asked while the load runs. */
export interface LiveMeter extends MeterFacts {
  kind: 'live';
  /** `energy`: joules since some origin, never falling. `power`: watts at this moment, or on average since the last update. */
  quantity: 'energy' | 'power';
  /** Smallest step that the reading takes, J or W. */
  step: number;
  /**
   * @throws {BitbudgetError} `unsupported` if what it says cannot be the consumption: charging, no sign of life.
   */
  read(): number | Promise<number>;
}

/** A meter that keeps its own log, on a clock of its own, which is looked at when the load is over. */
export interface LoggingMeter extends MeterFacts {
  kind: 'logging';
  updateMs: number;
  /**
   * The power of the time in which the load ran, moved to the load's clock.
   *
   * @throws {BitbudgetError} `input` or `damaged-file` where the log cannot be read or does not show the load.
   */
  trace(load: LoadPattern): Promise<PowerTrace>;
}

export type EnergyMeter = LiveMeter | LoggingMeter;

/** What measuring energy needs of its surroundings. */
export interface MeterSurroundings {
  clock: Clock;
  /** Idles for so many milliseconds. */
  pause: (ms: number) => Promise<void>;
  cancellation: Cancellation;
  onProgress?: Progress;
}

/** A meter of this machine, as `doctor` shows it. */
export interface MeterListing extends MeterFacts {
  status: 'ok' | 'unusable';
  /** Why it cannot be used, and what to do. */
  reason?: string;
}

/** A meter that was found, with a way to use it. */
export interface FoundMeter {
  listing: MeterListing;
  /** Absent where it cannot be used. */
  meter?: EnergyMeter;
}
