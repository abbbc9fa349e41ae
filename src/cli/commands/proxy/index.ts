import type { Command } from 'commander';
import type { CliContext } from '../../session.ts';
import { registerCheck } from './check.ts';
import { registerTable } from './table.ts';

/** `bitbudget proxy …`: what predicts accuracy without running candidates, and how far it can be trusted. */
export function register(program: Command, context: CliContext): void {
  const proxy = program.command('proxy').description('what predicts accuracy without running candidates');
  registerCheck(proxy, context);
  registerTable(proxy, context);
}
