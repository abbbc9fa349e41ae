/** Something that is timed: a kernel of ours, a peer's layer or network, or a limit of the machine. */
export interface Runner {
  name: string;
  /** Runs once; peers whose interface is asynchronous return a promise, and waiting for it is part of their time. */
  run(): unknown;
  isAsync?: boolean;
  dispose?(): void;
}

/** A layer's runner, whose result can be compared. */
export interface LayerRunner extends Runner {
  /** Runs once and returns the output, NHWC. */
  output(): ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** Milliseconds of one run, a round each; the same position is the same round for all that were timed together. */
export interface Timed {
  name: string;
  samplesMs: number[];
  /** Samples during which the operating system gave the processor to another process, whatever was tried. */
  interrupted: number;
}
