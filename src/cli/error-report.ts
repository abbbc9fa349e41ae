import { CommanderError } from 'commander';
import { BitbudgetError, type ErrorKind } from '../core/errors.ts';

/** An error as the user sees it. */
export interface DescribedError {
  kind: ErrorKind | 'internal';
  message: string;
  remedy: string;
  reachable?: Record<string, number>;
  /** Two budgets that exclude each other. */
  conflict?: readonly string[];
  exitCode: number;
}

/** One sentence, a remedy and an exit code for whatever was thrown. */
export function describeError(error: unknown): DescribedError {
  if (error instanceof BitbudgetError) {
    const { kind, message, remedy, reachable, conflict, exitCode } = error;
    return { kind, message, remedy, ...(reachable && { reachable }), ...(conflict && { conflict }), exitCode };
  }
  if (error instanceof CommanderError) return describeUsage(error);
  return {
    kind: 'internal',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'This is a defect of bitbudget. Run it again with DEBUG=1 to see where, and report it.',
    exitCode: 1,
  };
}

function describeUsage(error: CommanderError): DescribedError {
  const nothingAsked = error.code === 'commander.help';
  const text = nothingAsked ? 'No command given.' : error.message.replace(/^error: /, '');
  const [sentence, guess] = text.split(/\s*\((?=Did you mean)/);
  const advice = guess ? `${guess.replace(/\)\s*$/, '')} ` : '';
  return {
    kind: 'usage',
    message: capitalize(sentence.trim().replace(/\.?$/, '.')),
    remedy: `${advice}See \`bitbudget --help\`, or \`--help\` after a command.`,
    exitCode: 2,
  };
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The document of a failed command under --json. */
export function errorDocument({ kind, message, remedy, reachable, conflict }: DescribedError): object {
  return { error: { kind, message, remedy, ...(reachable && { reachable }), ...(conflict && { conflict }) } };
}
