import { Command, CommanderError } from 'commander';
import { commands } from './commands/index.ts';
import { applyConfigFile } from './config-file.ts';
import { describeError, errorDocument } from './error-report.ts';
import type { CliIo } from './io.ts';
import { CliContext } from './session.ts';

const exitCodes = `
Exit codes: 0 done, 1 failed (a damaged file too), 2 usage, 3 no feasible candidate, 4 verification failed or not
trusted under --strict, 130 interrupted.`;

/**
 * Runs one command line and returns the exit code. Whatever goes wrong ends here: one sentence and a remedy on stderr,
 * or with --json one document on stdout.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const context = new CliContext(io);
  const json = argv.includes('--json');
  try {
    await createProgram(context).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help or version was asked for
    const described = describeError(error);
    if (json) io.stdout.write(`${JSON.stringify(errorDocument(described), null, 2)}\n`);
    else io.stderr.write(`error: ${described.message}\n${described.remedy ? `  ${described.remedy}\n` : ''}`);
    if (io.environment.DEBUG && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return described.exitCode;
  }
}

/** The command line as commander knows it: unknown flags and commands are refused with a suggestion. */
export function createProgram(context: CliContext): Command {
  const program = new Command('bitbudget')
    .description(
      'Find the bit widths a neural network can afford on this device: measure it, search under a budget, prove the result.',
    )
    .version(context.io.version)
    .option('--json', 'print one JSON document on stdout, everything else on stderr')
    .option('--quiet', 'no progress and no notes')
    .option('--config <file>', 'YAML file with flag names in camelCase; flags on the command line win')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => context.io.stdout.write(text),
      writeErr: () => {}, // runCli reports errors, in one form for all
    })
    .addHelpText('after', exitCodes)
    .exitOverride();
  program.hook('preAction', (_, command) => applyConfigFile(program, command, context.io.files));
  for (const register of commands) register(program, context);
  return program;
}
