import type { Command } from 'commander';
import { BitbudgetError } from '../../../core/errors.ts';
import { checkLut } from '../../../lut/check.ts';
import type { CliContext } from '../../session.ts';

/** `bitbudget lut check`. */
export function registerCheck(lut: Command, context: CliContext): void {
  const check = lut
    .command('check')
    .description('find damage, hand edits and impossible numbers')
    .argument('<file>', 'a table');
  context.handle(check, async ([path], _, { files }) => {
    if (!(await files.exists(path)))
      throw new BitbudgetError('input', `There is no table at ${path}.`, 'Check the path.');
    const result = checkLut(await files.readText(path));
    const text = () => {
      if (result.valid) return `${path} is as it was written, and its numbers are possible.`;
      const problems = result.problems.map(
        ({ entry, message, remedy }) => `${entry ? `${entry}: ` : ''}${message}\n  ${remedy}`,
      );
      return [`${path} is not valid.`, ...problems].join('\n');
    };
    return { document: result, text, exitCode: result.valid ? 0 : 1 };
  });
}
