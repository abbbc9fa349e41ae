import { BitbudgetError } from '../core/errors.ts';
import type { Cancellation } from '../core/ports.ts';

export interface InterruptOptions {
  /** Called at the first signal, to tell the user that the tool is stopping. */
  onFirst?: () => void;
  /** Called at the second signal, instead of waiting for the loops; ends the process with code 130 if not given. */
  onSecond?: () => void;
}

export interface Interrupt extends Cancellation {
  /** Gives Ctrl-C back its ordinary meaning, unless it was pressed. */
  dispose(): void;
}

const interruptedExitCode = 130;

/**
 * A cancellation that Ctrl-C (or a polite kill) sets. The first signal lets long loops end at their next step; the second
 * ends the process at once. A loop that never yields to the event loop cannot see either: such loops yield between steps.
 */
export function cancellationFromSignals(options: InterruptOptions = {}): Interrupt {
  let aborted = false;
  const onSignal = () => {
    if (aborted) {
      (options.onSecond ?? (() => process.exit(interruptedExitCode)))();
      return;
    }
    aborted = true;
    options.onFirst?.();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    get aborted() {
      return aborted;
    },
    dispose() {
      if (aborted) return; // the process is ending: a second Ctrl-C still ends it with 130, not by the signal
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

/**
 * The error with which a cancelled loop ends.
 *
 * @example interruptedError('The search').exitCode // => 130
 */
export function interruptedError(what: string): BitbudgetError {
  return new BitbudgetError(
    'interrupted',
    `${what} was interrupted.`,
    'Nothing was left half-written; start it again.',
  );
}
