import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseSamples } from '../../src/measure/samples.ts';
import { selfTestInBothTiers } from '../../src/node/self-test-process.ts';
import { PROGRAM, temporaryFolder } from './command-line.ts';
import { tableOfThisDevice } from './this-device.ts';

let folder: ReturnType<typeof temporaryFolder>;
let sound: string;
beforeAll(async () => {
  folder = temporaryFolder();
  mkdirSync(folder.path('lut'));
  sound = await tableOfThisDevice(['w8a8']);
  await selfTestInBothTiers(); // keeps the verdict, so that the processes below start measuring at once
});
afterAll(() => folder.remove());

describe('Ctrl-C in the middle of profile', () => {
  let child: ChildProcess;
  let stdout: string;
  let stderr: string;

  beforeEach(() => {
    rmSync(folder.path('lut'), { recursive: true });
    mkdirSync(folder.path('lut'));
    writeFileSync(folder.path('lut/table.json'), sound);
  });
  afterEach(() => {
    child.kill('SIGKILL');
  });

  /** Starts a profile that would take many minutes, and waits until it says what it is doing. */
  async function start(...flags: string[]): Promise<void> {
    const out = folder.path('lut/table.json');
    child = spawn(process.execPath, [PROGRAM, 'profile', '--visits', '1000', '--out', out, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    stdout = '';
    stderr = '';
    child.stdout!.on('data', (text) => (stdout += text));
    child.stderr!.on('data', (text) => (stderr += text));
    await told(/measuring layers/);
  }

  async function told(text: RegExp): Promise<void> {
    while (!text.test(stderr)) {
      const [event] = await Promise.race([once(child.stderr!, 'data').then(() => ['data']), once(child, 'close')]);
      if (event !== 'data') throw new Error(`the process ended without ${text}:\n${stderr}`);
    }
  }

  /** The table is as it was, and what was found out lies beside it. @returns how many networks were timed. */
  function expectNothingLost(): number {
    expect(readFileSync(folder.path('lut/table.json'), 'utf8')).toBe(sound);
    expect(readdirSync(folder.path('lut'))).toEqual(['table.json', 'table.samples.ndjson.gz']);
    const samples = gunzipSync(readFileSync(folder.path('lut/table.samples.ndjson.gz'))).toString();
    const { complete, ranking, networks } = parseSamples(samples, 'table.samples.ndjson.gz');
    expect(complete).toBe(false);
    expect(ranking.size).toBeGreaterThan(0);
    return networks.length;
  }

  /** Interrupts, nothing being lost, until a network was timed before: beside neighbours that takes a while. */
  async function untilTimed(interrupt: () => Promise<void>): Promise<void> {
    do await interrupt();
    while (expectNothingLost() === 0);
  }

  it('ends with code 130 and one sentence, the table at --out is as it was, and what was measured is kept', async () => {
    await untilTimed(async () => {
      await start();
      child.kill('SIGINT');
      expect(await once(child, 'close')).toEqual([130, null]);
      expect(stderr).toMatch(/Stopping after the current step; press Ctrl-C again to stop at once\.\n/);
      expect(stderr).toMatch(/\nerror: .+ interrupted\.\n {2}.+\.\n$/);
      expect(stdout).toBe('');
    });
  }, 180_000);

  it.runIf(process.platform === 'linux')(
    'finds the measuring process in a session of its own, and it ends with its parent, however that dies',
    async () => {
      await start();
      const measuring = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
      const [, , , , , session] = readFileSync(`/proc/${measuring}/stat`, 'utf8')
        .replace(/\(.*\)/, 'name')
        .split(' ');
      expect(measuring).toMatch(/^\d+$/);
      expect(session).toBe(measuring);
      child.kill('SIGKILL');
      await once(child, 'close');
      while (existsSync(`/proc/${measuring}`)) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  );

  it('is told as a document under --json, also to a polite kill', async () => {
    await untilTimed(async () => {
      await start('--json');
      child.kill('SIGTERM');
      expect(await once(child, 'close')).toEqual([130, null]);
      expect(JSON.parse(stdout)).toEqual({
        error: { kind: 'interrupted', message: expect.stringMatching(/interrupted\.$/), remedy: expect.any(String) },
      });
    });
  }, 180_000);

  it('pressed twice ends it at once', async () => {
    await start();
    child.kill('SIGINT');
    await told(/press Ctrl-C again/);
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(readFileSync(folder.path('lut/table.json'), 'utf8')).toBe(sound);
  });
});

describe('a reader that has seen enough', () => {
  it('ends the program in silence', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'inspect', 'resnet56'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text) => (stderr += text));
    child.stdout.destroy();
    const [exitCode] = await once(child, 'close');
    expect([exitCode, stderr]).toEqual([0, '']);
  });
});
