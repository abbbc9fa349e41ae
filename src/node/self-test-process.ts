import { execFile } from 'node:child_process';
import { cpus, homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canonicalJson } from '../core/canonical-json.ts';
import { BitbudgetError } from '../core/errors.ts';
import { sha256Hex } from '../core/sha256.ts';
import type { SelfTestResult } from '../kernels/self-test.ts';
import { processArguments } from './entry-resolution.ts';
import { nodeFiles } from './files.ts';
import { kernelHashes } from './kernel-files.ts';

/** V8 flags that pin each compiler tier: an engine may compute wrongly in one and rightly in the other. */
const TIERS = {
  baseline: ['--liftoff', '--no-wasm-tier-up'],
  optimizing: ['--no-liftoff', '--no-wasm-lazy-compilation'],
} as const;
type Tier = keyof typeof TIERS;

/** A variant that gives other bits than the reference on this device. */
export interface DisabledVariant {
  variant: string;
  reason: string;
}

export interface SelfTestVerdict {
  disabled: DisabledVariant[];
  /** Whether an earlier run on this engine with these kernels gave the verdict. */
  cached: boolean;
}

export interface SelfTestOptions {
  /** Where verdicts are kept. */
  cacheFolder?: string;
  /** Test again even where a verdict is kept. */
  refresh?: boolean;
  /** Threads that share each layer; 1 unless given. */
  threads?: number;
}

/**
 * Runs the self-test in both compiler tiers, in two processes side by side, and keeps the verdict for this engine,
 * processor, kernels and number of threads. Takes a few seconds the first time.
 *
 * @throws {BitbudgetError} `verification` where a tier cannot run the test at all.
 */
export async function selfTestInBothTiers(options: SelfTestOptions = {}): Promise<SelfTestVerdict> {
  const { threads = 1 } = options;
  const path = join(options.cacheFolder ?? cacheFolder(), `self-test-${await verdictKey(threads)}.json`);
  if (!options.refresh) {
    const kept = await readVerdict(path);
    if (kept) return { disabled: kept, cached: true };
  }
  const tiers = Object.keys(TIERS) as Tier[];
  const results = await Promise.all(tiers.map((tier) => testInTier(tier, threads)));
  const disabled = tiers.flatMap((tier, i) =>
    results[i].filter(({ ok }) => !ok).map(({ id, reason }) => ({ variant: id, reason: `${tier} tier: ${reason}` })),
  );
  await nodeFiles.writeAtomic(path, `${JSON.stringify(disabled, null, 2)}\n`);
  return { disabled, cached: false };
}

async function testInTier(tier: Tier, threads: number): Promise<SelfTestResult[]> {
  const script = processArguments(new URL('./self-test-child.ts', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...TIERS[tier], ...script, String(threads)], {
      maxBuffer: 2 ** 24,
      timeout: 120_000,
    });
    return JSON.parse(stdout) as SelfTestResult[];
  } catch (cause) {
    const { stderr, message } = cause as Error & { stderr?: string };
    throw new BitbudgetError(
      'verification',
      `The kernels' self-test does not run in the ${tier} tier of this engine: ${(stderr || message).trim().split('\n').slice(-3).join(' ')}`,
      'Use another version of Node, and report this one.',
    );
  }
}

/**
 * What a verdict depends on: engine, processor (it decides which instructions are generated), every kernel, and how many
 * threads share a layer.
 */
async function verdictKey(threads: number): Promise<string> {
  const hashes = Object.fromEntries(await kernelHashes());
  const engine = { node: process.version, v8: process.versions.v8, platform: process.platform, arch: process.arch };
  return sha256Hex(canonicalJson({ ...engine, cpu: cpus()[0]?.model ?? 'unknown', hashes, threads })).slice(0, 24);
}

/** `$XDG_CACHE_HOME/bitbudget`, or `.cache/bitbudget` in the home folder. */
function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bitbudget');
}

/** A verdict that cannot be read is as good as none. */
async function readVerdict(path: string): Promise<DisabledVariant[] | undefined> {
  if (!(await nodeFiles.exists(path))) return undefined;
  try {
    const verdict: unknown = JSON.parse(await nodeFiles.readText(path));
    return Array.isArray(verdict) ? (verdict as DisabledVariant[]) : undefined;
  } catch {
    return undefined;
  }
}
