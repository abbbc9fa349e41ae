import type { Command } from 'commander';
import { z } from 'zod';
import { BitbudgetError } from '../../../core/errors.ts';
import type { Files } from '../../../core/ports.ts';
import { checkLut } from '../../../lut/check.ts';
import { DEFAULT_LIMITS, type PlausibilityLimits } from '../../../lut/check-entry.ts';
import { deviceFacts } from '../../../node/tables.ts';
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
    const text = await files.readText(path);
    const result = checkLut(text, await limitsOf(files, text));
    const describe = () => {
      if (result.valid) return `${path} is as it was written, and its numbers are possible.`;
      const problems = result.problems.map(
        ({ entry, message, remedy }) => `${entry ? `${entry}: ` : ''}${message}\n  ${remedy}`,
      );
      return [`${path} is not valid.`, ...problems].join('\n');
    };
    return { document: result, text: describe, exitCode: result.valid ? 0 : 1 };
  });
}

const headSchema = z.object({
  device: z.object({ arch: z.string(), model: z.string() }),
});

/** The roofline of the device that the table says it is of; the general bounds where nothing is known of it. */
async function limitsOf(files: Files, text: string): Promise<PlausibilityLimits> {
  try {
    const { device } = headSchema.parse(JSON.parse(text));
    const { peakGopsPerCore } = await deviceFacts(files, { device });
    return { ...DEFAULT_LIMITS, peakGopsPerCore: peakGopsPerCore.value };
  } catch (error) {
    const unknownDevice = error instanceof BitbudgetError && error.kind === 'unsupported';
    // what is wrong with the file itself, the check will say
    if (unknownDevice || error instanceof SyntaxError || error instanceof z.ZodError) return DEFAULT_LIMITS;
    throw error;
  }
}
