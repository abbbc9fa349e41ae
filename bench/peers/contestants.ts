/** Something that is timed: a kernel of ours, or a peer's layer or network. */
export interface Runner {
  name: string;
  /** Runs once; peers whose interface is asynchronous return a promise, and waiting for it is part of their time. */
  run(): unknown;
  isAsync?: boolean;
  dispose?(): void;
}

/** Milliseconds of one run, a round each. */
export interface Timed {
  runner: Runner;
  samplesMs: number[];
}
