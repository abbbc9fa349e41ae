/** The kinds of failure a user can meet; each has its exit code in {@link exitCodeOf}. */
export type ErrorKind =
  | 'usage'
  | 'input'
  | 'damaged-file'
  | 'missing-entry'
  | 'mismatch'
  | 'infeasible'
  | 'verification'
  | 'interrupted'
  | 'unsupported';

/**
 * An error that the user can mend: one sentence on what is wrong, with the value, and one on what to do.
 *
 * @example new BitbudgetError('usage', 'Unknown network "resnet9".', 'Use one of resnet8, resnet20.').exitCode // => 2
 */
export class BitbudgetError extends Error {
  readonly kind: ErrorKind;
  readonly remedy: string;
  /** For `infeasible`: the smallest reachable value of each budgeted metric. */
  readonly reachable: Record<string, number> | undefined;
  /** For `infeasible`: the names of two budgets that exclude each other. */
  readonly conflict: readonly string[] | undefined;

  constructor(
    kind: ErrorKind,
    message: string,
    remedy: string,
    reachable?: Record<string, number>,
    conflict?: readonly string[],
  ) {
    super(message);
    this.name = 'BitbudgetError';
    this.kind = kind;
    this.remedy = remedy;
    this.reachable = reachable;
    this.conflict = conflict;
  }

  get exitCode(): number {
    return exitCodeOf(this.kind);
  }
}

/**
 * The process exit code of a kind of error.
 *
 * @example exitCodeOf('infeasible') // => 3
 */
export function exitCodeOf(kind: ErrorKind): number {
  switch (kind) {
    case 'usage':
      return 2;
    case 'infeasible':
      return 3;
    case 'verification':
      return 4;
    case 'interrupted':
      return 130;
    default:
      return 1;
  }
}

/** Throws when a condition that the code itself guarantees does not hold: a defect of ours, never of the user's input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Internal error: ${message}`);
}
