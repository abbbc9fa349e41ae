/** A stretch of time in which the machine idled or ran one load over and over. */
export interface LoadPhase {
  /** The load's name; undefined for idling. */
  load: string | undefined;
  startNs: number;
  endNs: number;
  /** Time spent in the load itself, ns: a phase also reads the meter and lets the event loop run. */
  busyNs: number;
  runs: number;
}

/** What ran when, in order and without overlap. */
export interface LoadPattern {
  phases: readonly LoadPhase[];
}
