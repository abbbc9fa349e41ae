#!/usr/bin/env node
import { nodeIo } from './io.ts';
import { runCli } from './run-cli.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0); // the reader, such as `head`, has seen enough
});

process.exitCode = await runCli(process.argv.slice(2), nodeIo());
