import { readFileSync } from 'node:fs';
import type { Clock, Files } from '../core/ports.ts';
import { cancellationFromSignals, type Interrupt, type InterruptOptions } from '../node/cancellation.ts';
import { nodeClock } from '../node/clock.ts';
import { nodeFiles } from '../node/files.ts';

/** Where text goes; `columns` is known of terminals only. */
export interface TextStream {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Everything outside the program that a command touches; tests hand in their own. */
export interface CliIo {
  stdout: TextStream;
  stderr: TextStream;
  files: Files;
  clock: Clock;
  environment: Readonly<Record<string, string | undefined>>;
  version: string;
  interrupts(options: InterruptOptions): Interrupt;
}

/** The real outside of the running process. */
export function nodeIo(): CliIo {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    files: nodeFiles,
    clock: nodeClock,
    environment: process.env,
    version: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
    interrupts: cancellationFromSignals,
  };
}
