import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LutSchema } from '../../src/lut/schema.ts';
import { parseSamples } from '../../src/measure/samples.ts';
import { selfTestInBothTiers } from '../../src/node/self-test-process.ts';
import { run, temporaryFolder } from './command-line.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  await selfTestInBothTiers();
});
afterAll(() => folder.remove());

describe('a profile that runs out of time', () => {
  it('goes on with --resume: every sample counts', async () => {
    const out = folder.path('table.json');
    const profile = async (...more: string[]) => {
      const { exitCode, stderr } = await run(
        ...['profile', '--network', 'ds-cnn', '--schemes', 'w8a8', '--energy', 'off', '--out', out, '--quiet'],
        ...['--visits', '1000', '--time-max-s', '8', ...more], // more than there is time for
      );
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
      const table = LutSchema.parse(JSON.parse(readFileSync(out, 'utf8')));
      const path = folder.path('table.samples.ndjson.gz');
      return { table, samples: parseSamples(gunzipSync(readFileSync(path)).toString(), path) };
    };
    const first = await profile();
    expect(first.table.protocol.timedOut).toBe(true);
    expect(first.samples.complete).toBe(false);
    const { networks } = first.samples;

    const second = await profile('--resume');
    expect(second.samples.networks.length).toBeGreaterThan(networks.length);
    expect(second.samples.networks.slice(0, networks.length)).toEqual(networks);
    expect(second.samples.ranking).toEqual(first.samples.ranking);
    const { networks: counted, droppedNetworks: dropped } = second.table.protocol;
    expect(Number(counted) + Number(dropped)).toBe(second.samples.networks.length);
    for (const { key, latencyUs } of second.table.entries) {
      const before = first.table.entries.find((entry) => entry.key === key);
      if (!dropped && before) expect(latencyUs.count).toBeGreaterThan(before.latencyUs.count);
    }

    // without it everything is measured anew
    const anew = await profile();
    expect(anew.samples.networks.slice(0, 3)).not.toEqual(networks.slice(0, 3));
  }, 300_000);
});
