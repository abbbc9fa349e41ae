/**
 * How far a table's predictions are from the truth: for each network a profile, and in another process the end-to-end
 * latency of random candidates that it has not seen. Several rounds, each with its own table:
 * `npm run bench:prediction -- [--networks a,b] [--candidates 50] [--rounds 1] [--tries 6] [--tables FOLDER] [--update]`.
 *
 * A machine with neighbours runs at several speeds, and a table is of one of them. A truth at another speed is taken again,
 * up to so many tries, whatever its error; the last one stands, with its speed beside it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { updateResults } from '../results-file.ts';

const { values: flags } = parseArgs({
  options: {
    networks: { type: 'string', default: 'resnet20,ds-cnn,mobilenet-v2,mobilenet-v2-0.35-96' },
    candidates: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '1' },
    tries: { type: 'string', default: '6' },
    tables: { type: 'string' },
    update: { type: 'boolean', default: false },
  },
});

/** What is aimed at on a machine that is left alone. */
interface Target {
  median: number;
  p95: number;
  tau: number;
  profileS?: number;
}
const TARGETS: Record<string, Target> = {
  resnet20: { median: 0.01, p95: 0.025, tau: 0.96, profileS: 20 },
  'ds-cnn': { median: 0.01, p95: 0.025, tau: 0.96 },
  'mobilenet-v2': { median: 0.015, p95: 0.035, tau: 0.95, profileS: 120 },
  'mobilenet-v2-0.35-96': { median: 0.02, p95: 0.04, tau: 0.95 },
};
const BIAS_TARGET = 0.005;

/** Beyond it two speeds are two. */
const SAME_SPEED = 0.015;

interface PredictionErrors {
  medianRelativeError: number;
  p95RelativeError: number;
  bias: number;
  kendallTau: number;
}

const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function bitbudget(...parameters: string[]): { out: string; seconds: number } {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...parameters], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  // a mismatch beyond the limit of `verify` is a result, not a failure
  if (status !== 0 && !stdout.includes('medianRelativeError')) throw new Error(`${parameters.join(' ')}: ${stderr}`);
  return { out: stdout, seconds: (performance.now() - start) / 1e3 };
}

const percent = (share = Number.NaN) => `${(100 * share).toFixed(1)}%`;
const tables = flags.tables ?? mkdtempSync(join(tmpdir(), 'bitbudget-prediction-'));
mkdirSync(tables, { recursive: true });

/** Candidates are the same at every try. */
function truthAtItsSpeed(network: string, lut: string, seed: number) {
  const random = ['--random', flags.candidates, '--seed', String(seed), '--max-error', '50%'];
  for (let tries = 1; ; tries++) {
    const { out } = bitbudget('verify', '--network', network, '--lut', lut, ...random, '--json', '--quiet');
    const truth = JSON.parse(out) as PredictionErrors & { slowdown: number };
    process.stderr.write(`${network}: at ${truth.slowdown.toFixed(3)} of the table's, ${percent(truth.bias)}\n`);
    if (Math.abs(truth.slowdown - 1) <= SAME_SPEED || tries >= Number(flags.tries)) return { truth, tries };
  }
}

function row(network: string, round: number): string {
  const file = join(tables, `${network}-node${process.versions.node.split('.')[0]}-${round}.json`);
  const profile = bitbudget('profile', '--network', network, '--energy', 'off', '--quiet', '--out', file);
  const table = JSON.parse(readFileSync(file, 'utf8'));
  const held = table.validation as PredictionErrors | null;
  const { truth, tries } = truthAtItsSpeed(network, file, 1000 + round);
  const stable = table.entries.filter(({ trust }: { trust: string }) => trust === 'stable').length;
  const target = TARGETS[network];
  const beside = (value: string, wanted: string) => (target ? `${value} (${wanted})` : value);
  return `| ${[
    network,
    `${stable} of ${table.entries.length}`,
    `${profile.seconds.toFixed(0)} s${target?.profileS ? ` (≤ ${target.profileS} s)` : ''}`,
    `${table.protocol.waitedS} s`,
    held ? `${percent(held.medianRelativeError)} / ${percent(held.p95RelativeError)}` : 'none: the speed changed',
    beside(percent(truth.medianRelativeError), `≤ ${percent(target?.median)}`),
    beside(percent(truth.p95RelativeError), `≤ ${percent(target?.p95)}`),
    beside(percent(truth.bias), `± ${percent(BIAS_TARGET)}`),
    beside(truth.kendallTau.toFixed(3), `≥ ${target?.tau}`),
    `${percent(truth.slowdown - 1)}, try ${tries}`,
  ].join(' | ')} |`;
}

const lines = [
  `### Node ${process.versions.node}`,
  '',
  `\`npm run bench:prediction -- --candidates ${flags.candidates} --rounds ${flags.rounds}\`; targets in brackets. Every`,
  'row is a profile and, in another process, the same number of random candidates (random, biased and homogeneous).',
  '',
  '| network | stable entries | profile | of it waiting for calm | own validation, median / p95 | median error | p95 | bias | Kendall τ | speed beside the table’s |',
  '|---|---|---|---|---|---|---|---|---|---|',
];
for (const network of flags.networks.split(',')) {
  for (let round = 1; round <= Number(flags.rounds); round++) {
    lines.push(row(network, round));
    process.stderr.write(`${lines.at(-1)}\n`);
  }
}
process.stdout.write(`${lines.join('\n')}\n`);
if (flags.update) updateResults(`prediction:node${process.versions.node.split('.')[0]}`, lines.join('\n'));
