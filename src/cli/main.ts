#!/usr/bin/env node
import { exitCodeOf } from '../core/errors.ts';
import { nodeIo } from './io.ts';
import { runCli } from './run-cli.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0); // the reader, such as `head`, has seen enough
});

process.exitCode = await runCli(process.argv.slice(2), nodeIo());
if (process.exitCode === exitCodeOf('interrupted')) {
  // Left to end by itself, the process gives Ctrl-C back to the system before it is gone, and a second one would kill it.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}
