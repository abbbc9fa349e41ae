import { setTimeout as sleep } from 'node:timers/promises';
import { cancellationFromSignals, interruptedError } from '../../../src/node/cancellation.ts';
import { nodeFiles } from '../../../src/node/files.ts';

/** Writes a file again and again until it is interrupted; with `deaf` it never looks. */
const [path, deaf] = process.argv.slice(2);
const cancellation = cancellationFromSignals({ onFirst: () => process.stdout.write('stopping\n') });
for (let round = 0; deaf || !cancellation.aborted; round++) {
  await nodeFiles.writeAtomic(path, String(round).repeat(500_000));
  if (round === 0) process.stdout.write('started\n');
  await sleep(1);
}
cancellation.dispose();
process.exitCode = interruptedError('Writing').exitCode;
