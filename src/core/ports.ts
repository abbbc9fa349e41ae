/** A monotonic clock. Ranks 0–7 see no other source of time. */
export interface Clock {
  /** Nanoseconds since an arbitrary origin; a double, exact to below a nanosecond for a hundred days. */
  nowNs(): number;
}

/** Counts what disturbs a timing; where the platform cannot tell, it returns 0 always. */
export interface InterruptionCounter {
  /** Involuntary context switches of this process so far. */
  contextSwitches(): number;
}

/** Files as the product needs them: small, whole, written atomically. */
export interface Files {
  readBytes(path: string): Promise<Uint8Array>;
  readText(path: string): Promise<string>;
  /** Writes to a temporary name in the same folder, syncs and renames: a reader sees the old file or the new, never half. */
  writeAtomic(path: string, content: string | Uint8Array): Promise<void>;
  exists(path: string): Promise<boolean>;
  list(folder: string): Promise<string[]>;
  /** Removes one file; one that is not there is no error. */
  remove(path: string): Promise<void>;
}

/** Where long work reports to; `fraction` in [0, 1]. */
export type Progress = (message: string, fraction: number) => void;

/** Set when the user interrupts; long loops look at it between steps and throw the `interrupted` error. */
export interface Cancellation {
  readonly aborted: boolean;
}
