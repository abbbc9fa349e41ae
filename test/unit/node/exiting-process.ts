import { join } from 'node:path';
import { nodeFiles } from '../../../src/node/files.ts';

/** Writes many files again and again and ends in the middle, when each write is at another step. */
const folder = process.argv[2];

async function rewrite(path: string): Promise<void> {
  for (let round = 0; ; round++) await nodeFiles.writeAtomic(path, String(round % 10).repeat(50_000));
}

for (let i = 0; i < 16; i++) void rewrite(join(folder, `${i}.txt`));
setTimeout(() => process.exit(0), 300);
