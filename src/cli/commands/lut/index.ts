import type { Command } from 'commander';
import type { CliContext } from '../../session.ts';
import { registerCheck } from './check.ts';
import { registerCoverage } from './coverage.ts';
import { registerDiff } from './diff.ts';
import { registerImport } from './import.ts';
import { registerMerge } from './merge.ts';
import { registerShow } from './show.ts';

/** `bitbudget lut …`: tables as files. */
export function register(program: Command, context: CliContext): void {
  // without a handler of its own, commander would print the help as an error
  const lut = program.command('lut').description('lookup tables as files');
  registerCheck(lut, context);
  registerShow(lut, context);
  registerDiff(lut, context);
  registerMerge(lut, context);
  registerImport(lut, context);
  registerCoverage(lut, context);
}
