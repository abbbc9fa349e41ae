import { join } from 'node:path';
import { nodeFiles } from '../../../src/node/files.ts';

/** Ends in the middle of many writes, each at another step. */
const folder = process.argv[2];
const writes = Array.from({ length: 64 }, (_, i) =>
  nodeFiles.writeAtomic(join(folder, `${i}.txt`), 'x'.repeat(200_000)),
);
await Promise.race(writes);
process.exit(0);
