/**
 * Profiles a network twice and compares the tables, then once more with one kernel made to run twice, and compares again:
 * `tsx bench/lut-diff.ts [--network resnet8] [--schemes f32,w8a8,w4a4,w2a2] [--visits 12]`. Each profile runs in a process
 * of its own; all use the kernels that the first one chose, so that a close race is not taken for a change. Exits with 1
 * if the two alike differ, or if not exactly the slowed kernel is found.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseLut } from '../src/lut/check.ts';
import { diffTables, type Lut, serializeLut } from '../src/lut/index.ts';
import { tableRanking } from '../src/lut/ranking.ts';
import { completeLut } from '../src/lut/serialize.ts';
import { profileNetwork } from '../src/measure/profile.ts';
import { bindToCores } from '../src/node/affinity.ts';
import { describeHost, disabledIds } from '../src/node/host.ts';
import { kernelHashes } from '../src/node/kernel-files.ts';
import { openWorkbench } from '../src/node/workbench.ts';
import type { Scheme } from '../src/quant/scheme.ts';

const { values: flags } = parseArgs({
  options: {
    network: { type: 'string', default: 'resnet8' },
    schemes: { type: 'string', default: 'f32,w8a8,w4a4,w2a2' },
    visits: { type: 'string', default: '12' },
    out: { type: 'string' },
    like: { type: 'string' },
    slow: { type: 'string' },
  },
});
if (flags.out) await profile(flags.out);
else process.exitCode = compare();

/** One profile, in this process. */
async function profile(out: string): Promise<void> {
  const host = await describeHost();
  const { engine, bench } = await openWorkbench(flags.network, { disabled: disabledIds(host) });
  if (flags.slow) slowDown(engine.kernels, flags.slow);
  bindToCores(process.pid, 1);
  const earlier = flags.like && { ranking: tableRanking(readTable(flags.like)), networks: [] };
  const { entries, scalar, lengthCorrection, clockStepNs, protocol } = await profileNetwork(
    bench({ cancellation: { aborted: false }, onProgress() {} }),
    {
      schemes: flags.schemes.split(',') as Scheme[],
      ...{ seed: 1, visits: Number(flags.visits), validationNetworks: 0 },
      variantHashes: await kernelHashes(),
      ...(earlier && { earlier }),
    },
  );
  const table = completeLut({
    ...{ schemaVersion: 1, device: host.device, engine: host.engine, threads: 1 },
    clock: { stepNs: clockStepNs, crossOriginIsolated: null },
    conditions: { governor: null, tempC: null, throttled: null, load: null },
    ...{ protocol, scalar, energySource: 'model', validation: null },
    ...(lengthCorrection && { lengthCorrection }),
    disabled: host.disabled,
    entries,
  });
  writeFileSync(out, serializeLut(table));
}

/** Every call of one kernel does its work twice. */
function slowDown(kernels: { call(id: string): (parameters: number) => void }, slow: string): void {
  const call = kernels.call.bind(kernels);
  kernels.call = (id) => {
    const kernel = call(id);
    if (id !== slow) return kernel;
    return (parameters) => {
      kernel(parameters);
      kernel(parameters);
    };
  };
}

function readTable(path: string): Lut {
  return parseLut(readFileSync(path, 'utf8'), path);
}

/** Three profiles and two comparisons. @returns the exit code. */
function compare(): number {
  const folder = mkdtempSync(join(tmpdir(), 'bitbudget-lut-diff-'));
  const measure = (name: string, ...more: string[]): string => {
    const out = join(folder, name);
    const script = ['--import', import.meta.resolve('tsx'), fileURLToPath(import.meta.url)];
    const same = ['--network', flags.network, '--schemes', flags.schemes, '--visits', flags.visits];
    execFileSync(process.execPath, [...script, ...same, '--out', out, ...more], { stdio: 'inherit' });
    return out;
  };
  try {
    const first = measure('a.json');
    const a = readTable(first);
    const again = readTable(measure('b.json', '--like', first));
    const slow = mostUsedKernel(a);
    const slowed = readTable(measure('c.json', '--like', first, '--slow', slow));
    const alike = diffTables(a, again);
    const changed = diffTables(a, slowed);
    report(`${flags.network}, ${flags.schemes}: profiled twice`, alike);
    report(`the same with ${slow} run twice`, changed);
    const quiet = alike.counts.faster + alike.counts.slower === 0;
    const found = changed.kernels.filter((kernel) => kernel.slower > 0).map(({ variant }) => variant);
    const exact = found.length === 1 && found[0] === slow && changed.counts.faster === 0;
    console.log(quiet ? 'Alike: no significant difference.' : 'Alike: a difference was found where there is none.');
    console.log(exact ? 'Slowed: exactly that kernel was found.' : `Slowed: found ${found.join(', ') || 'none'}.`);
    return quiet && exact ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The kernel of the most entries with weights: half of the table must not be it, or it would pass for drift. */
function mostUsedKernel({ entries }: Lut): string {
  const counts = new Map<string, number>();
  for (const { variant, scheme } of entries) if (scheme !== 'u8') counts.set(variant, (counts.get(variant) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0][0];
}

function report(title: string, { counts, measurements, drift, sessionSpread, kernels }: ReturnType<typeof diffTables>) {
  const factor = drift ? `drift ×${drift.factor.toFixed(3)}, ` : '';
  console.log(`${title}: ${measurements} measurements, ${factor}spread ${(100 * sessionSpread).toFixed(1)}%;`);
  console.log(`  ${counts.faster} faster, ${counts.slower} slower, ${counts.unchanged} unchanged`);
  for (const { variant, entries, slower, faster, medianChange } of kernels) {
    console.log(`  ${variant}: ${slower} slower, ${faster} faster of ${entries}, median ×${medianChange.toFixed(3)}`);
  }
}
