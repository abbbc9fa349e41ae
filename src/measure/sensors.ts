/** What the system tells of what may change a timing; null where it does not tell. Times and counts are since any origin. */
export interface SensorReading {
  /** When, ms. */
  timeMs: number;
  /** The firmware or the processor says that it holds itself back, now or since the measuring began. */
  throttled: boolean | null;
  /** Of the quickest core now. */
  frequencyMhz: number | null;
  /** Hottest thermal zone, °C. */
  tempC: number | null;
  /** Time that all processors together were busy, with whatever: ms. */
  busyMs: number | null;
  /** Time that a hypervisor gave to other guests, ms. */
  stolenMs: number | null;
  /** Processor time of this process, ms. */
  ownMs: number | null;
  /** Time that this process was ready to run and had to wait for a processor, ms. */
  waitedMs: number | null;
  /** Processors that the busy time is of. */
  processors: number | null;
}
