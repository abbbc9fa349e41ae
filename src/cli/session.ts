import type { Command } from 'commander';
import type { Cancellation, Clock, Files, Progress } from '../core/ports.ts';
import type { CliIo } from './io.ts';
import { createProgressDisplay } from './progress-display.ts';

/** What a command gives back; the runner prints one form of it. */
export interface CommandResult {
  /** The document that --json prints. */
  document: unknown;
  /** What people read. */
  text: () => string;
  /** For results that are failures in themselves, such as a table that is not valid. */
  exitCode?: number;
}

/** What a running command may use of its surroundings. */
export interface Session {
  files: Files;
  clock: Clock;
  progress: Progress;
  cancellation: Cancellation;
  /** A remark on stderr; nothing under --quiet. */
  note(message: string): void;
}

export interface GlobalOptions {
  json?: boolean;
  quiet?: boolean;
  config?: string;
}

export type CommandHandler<Options> = (
  positional: string[],
  options: Options & GlobalOptions,
  session: Session,
) => Promise<CommandResult> | CommandResult;

/** Shared by the commands of one run. */
export class CliContext {
  readonly io: CliIo;
  exitCode = 0;

  constructor(io: CliIo) {
    this.io = io;
  }

  /** Connects a command with what it does. */
  handle<Options>(command: Command, handler: CommandHandler<Options>): void {
    command.action(async () => {
      const options = command.optsWithGlobals() as Options & GlobalOptions;
      const result = await this.#inSession(options, (session) => handler(command.args, options, session));
      this.exitCode = result.exitCode ?? 0;
      this.io.stdout.write(`${options.json ? JSON.stringify(result.document, null, 2) : result.text()}\n`);
    });
  }

  async #inSession(
    options: GlobalOptions,
    run: (session: Session) => Promise<CommandResult> | CommandResult,
  ): Promise<CommandResult> {
    const { files, clock, stderr } = this.io;
    const display = createProgressDisplay(stderr, clock, { quiet: options.quiet ?? false });
    const cancellation = this.io.interrupts({
      onFirst: () => display.note('Stopping after the current step; press Ctrl-C again to stop at once.'),
      onSecond: () => {
        display.end();
        process.exit(130);
      },
    });
    try {
      return await run({ files, clock, cancellation, progress: display.progress, note: display.note });
    } finally {
      cancellation.dispose();
      display.end();
    }
  }
}
