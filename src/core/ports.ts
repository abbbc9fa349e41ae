/** A monotonic clock. Ranks 0–7 see no other source of time. */
export interface Clock {
  /** Nanoseconds since an arbitrary origin; a double, exact to below a nanosecond for a hundred days. */
  nowNs(): number;
}

/** Counts what disturbs a timing; where the platform cannot tell, it returns 0 always. */
export interface InterruptionCounter {
  /** Involuntary context switches of this process so far. */
  contextSwitches(): number;
  /** How long the thread that asks was ready to run and had no processor so far; absent where the system does not tell. */
  waitedNs?(): number;
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

/** Threads beside the calling one, which run kernels and nothing else. */
export interface Threads {
  /**
   * Starts one; it runs `serveTeam` of src/kernels/serve-team.ts with the given task.
   *
   * @param task can be cloned to the thread.
   * @param onEnd called with the reason if the thread ends before it is asked to.
   * @returns when the thread takes jobs: a function that waits for its end after its last job.
   */
  start(task: unknown, onEnd: (reason: string) => void): Promise<() => Promise<void>>;
}

/** Files as datasets read them: in pieces and at once, because images are asked for one at a time. */
export interface DatasetFiles {
  /** What a path is; undefined where there is nothing, or nothing that can be read. */
  kind(path: string): 'file' | 'folder' | undefined;
  /** Names in a folder, sorted by code unit. */
  list(folder: string): string[];
  sizeBytes(path: string): number;
  /** A stretch of a file; shorter than `length` only where the file ends. */
  read(path: string, from: number, length: number): Uint8Array;
}

/** Where long work reports to; `fraction` in [0, 1]. */
export type Progress = (message: string, fraction: number) => void;

/** Set when the user interrupts; long loops look at it between steps and throw the `interrupted` error. */
export interface Cancellation {
  readonly aborted: boolean;
}

/** What the system tells of itself, in small files and by commands that print what a sensor reads. */
export interface SystemReader {
  /** Trimmed text of a file, its path below the system's root (`sys/class/hwmon/hwmon0/name`); undefined if it cannot be read. */
  text(path: string): string | undefined;
  /** Names in a folder, sorted; empty where there is no such folder. */
  list(folder: string): string[];
  /** What a command prints; undefined if there is no such command, if it fails, or if it takes longer than a few seconds. */
  command(name: string, args: readonly string[]): Promise<string | undefined>;
}
