/** What one of the two processes is to do; plain data. */
export interface TurnJob {
  network: string;
  seed: number;
  visits: number;
  candidates: number;
  /** Of both together. */
  timeMaxS?: number;
  /** The kernels that the profile chose; the process that gets them times the candidates as wholes. */
  ranking?: [key: string, variants: string[]][];
}

export type ToTurnProcess = { job: TurnJob } | { turn: Turn };

export interface Turn {
  /** The machine's speed during the profile, ns for 10,000 steps of the reference kernel, once that has come to its end. */
  finalLevelNs?: number;
}

export type FromTurnProcess =
  | { ready: true }
  | { turnIsOver: true }
  | { moveAside: true }
  | { ranking: NonNullable<TurnJob['ranking']> }
  | { measuring: true }
  | { profile: ProfileFacts }
  | { truth: TruthFacts };

export interface ProfileFacts {
  networks: number;
  /** Of them those that met another speed. */
  droppedNetworks: number;
  levelNs: number;
  /** The table's word for every candidate. */
  predictedMs: number[];
}

export interface TruthFacts {
  measuredMs: number[];
  /** Of each candidate whether it was timed at the speed of the others. */
  atLevel: boolean[];
  /** Samples of the candidate that has the fewest. */
  leastSamples: number;
  /** Whether they are of the speed that the profile met. */
  atItsSpeed: boolean;
}
