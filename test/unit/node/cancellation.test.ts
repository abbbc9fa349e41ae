import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processArguments } from '../../../src/node/entry-resolution.ts';

describe('Ctrl-C', () => {
  let folder: string;
  let child: ChildProcess;

  async function start(...options: string[]): Promise<void> {
    const entry = processArguments(new URL('./interrupted-process.ts', import.meta.url));
    child = spawn(process.execPath, [...entry, join(folder, 'x.txt'), ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout!, 'data');
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bitbudget-interrupt-'));
  });
  afterEach(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('lets a loop end at its next step, with code 130 and no file left half-written', async () => {
    await start();
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    expect(readdirSync(folder)).toEqual(['x.txt']);
  });

  it('pressed twice ends a loop that does not listen, and still leaves no temporary file', async () => {
    await start('deaf');
    child.kill('SIGINT');
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    expect(readdirSync(folder)).toEqual(['x.txt']);
  });
});
