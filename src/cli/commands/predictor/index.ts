import type { Command } from 'commander';
import type { CliContext } from '../../session.ts';
import { registerCheck } from './check.ts';
import { registerDraw } from './draw.ts';
import { registerFit } from './fit.ts';

/** `bitbudget predictor …`: accuracy as learned from candidates that were run. */
export function register(program: Command, context: CliContext): void {
  const predictor = program.command('predictor').description('accuracy as learned from candidates that were run');
  registerDraw(predictor, context);
  registerFit(predictor, context);
  registerCheck(predictor, context);
}
