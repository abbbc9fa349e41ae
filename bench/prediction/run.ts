/**
 * How far a table's predictions are from the truth: for each network a profile, and in another process the end-to-end
 * latency of random candidates that it has not seen. Several rounds, each with its own table:
 * `npm run bench:prediction -- [--networks a,b] [--candidates 50] [--rounds 1] [--tries 6] [--time-max-s S] [--tables FOLDER]
 * [--in-turns] [--update]`.
 *
 * A machine with neighbours runs at several speeds, and a table is of one of them. A truth at another speed is taken again,
 * up to so many tries, whatever its error; the last one stands, with its speed beside it.
 *
 * With `--in-turns` profile and truth take turns of half a second at most instead of following one another, so that both
 * meet the same minutes of a machine that is shared.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_PROFILE } from '../../src/node/profile.ts';
import { updateResults } from '../results-file.ts';
import { profileInTurns } from './in-turns.ts';

const { values: flags } = parseArgs({
  options: {
    networks: { type: 'string', default: 'resnet20,ds-cnn,mobilenet-v2,mobilenet-v2-0.35-96' },
    candidates: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '1' },
    tries: { type: 'string', default: '6' },
    'time-max-s': { type: 'string' },
    tables: { type: 'string' },
    'in-turns': { type: 'boolean', default: false },
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
  kendallTau: number | null;
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

const nodeMajor = process.versions.node.split('.')[0];
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

/** Of each profile. */
const timeMaxS = flags['time-max-s'];
const limit = timeMaxS ? ['--time-max-s', timeMaxS] : [];

const beside = (value: string, wanted: string | undefined) => (wanted ? `${value} (${wanted})` : value);

/** The errors with what is aimed at. */
function errorCells(network: string, error: PredictionErrors): string[] {
  const target = TARGETS[network];
  return [
    beside(percent(error.medianRelativeError), target && `≤ ${percent(target.median)}`),
    beside(percent(error.p95RelativeError), target && `≤ ${percent(target.p95)}`),
    beside(percent(error.bias), target && `± ${percent(BIAS_TARGET)}`),
    beside(error.kendallTau?.toFixed(3) ?? '–', target && `≥ ${target.tau}`),
  ];
}

function row(network: string, round: number): string[] {
  const file = join(tables, `${network}-node${nodeMajor}-${round}.json`);
  const profile = bitbudget('profile', '--network', network, '--energy', 'off', '--quiet', ...limit, '--out', file);
  const table = JSON.parse(readFileSync(file, 'utf8'));
  const held = table.validation as PredictionErrors | null;
  const { truth, tries } = truthAtItsSpeed(network, file, 1000 + round);
  const stable = table.entries.filter(({ trust }: { trust: string }) => trust === 'stable').length;
  const profileS = TARGETS[network]?.profileS;
  return [
    network,
    `${stable} of ${table.entries.length}`,
    beside(`${profile.seconds.toFixed(0)} s`, profileS === undefined ? undefined : `≤ ${profileS} s`),
    `${table.protocol.waitedS} s`,
    held ? `${percent(held.medianRelativeError)} / ${percent(held.p95RelativeError)}` : 'none: the speed changed',
    ...errorCells(network, truth),
    `${percent(truth.slowdown - 1)}, try ${tries}`,
  ];
}

async function rowInTurns(network: string, round: number): Promise<string[]> {
  const candidates = Number(flags.candidates);
  const { visits } = DEFAULT_PROFILE;
  const { profile, truth, error } = await profileInTurns({
    ...{ network, visits, candidates, seed: 1000 + round },
    timeMaxS: timeMaxS === undefined ? undefined : Number(timeMaxS),
  });
  return [
    network,
    `${profile.droppedNetworks} of ${profile.networks}`,
    ...errorCells(network, error),
    truth.atItsSpeed ? 'yes' : 'no',
    `${truth.leastSamples}`,
  ];
}

const SEQUENCE = {
  how: 'a profile and, in another process, the same number of random candidates (random, biased and homogeneous)',
  columns: [
    ...['network', 'stable entries', 'profile', 'of it waiting for calm', 'own validation, median / p95'],
    ...['median error', 'p95', 'bias', 'Kendall τ', 'speed beside the table’s'],
  ],
  row,
};
const TURNS = {
  how: 'a profile and, in another process by turns of 0.25 and 0.5 s, random candidates (random, biased and homogeneous)',
  columns: [
    ...['network', 'networks at other speeds', 'median error', 'p95', 'bias', 'Kendall τ'],
    ...['truth at the table’s speed', 'samples a candidate, at least'],
  ],
  row: rowInTurns,
};

const inTurns = flags['in-turns'];
const { how, columns, row: measureRow } = inTurns ? TURNS : SEQUENCE;
const given = [inTurns && '--in-turns', `--candidates ${flags.candidates}`, `--rounds ${flags.rounds}`, ...limit];
const command = `npm run bench:prediction -- ${given.filter(Boolean).join(' ')}`;
const lines = [
  `### Node ${process.versions.node}${inTurns ? ', in turns' : ''}`,
  '',
  `\`${command}\`; targets in brackets. Every row is ${how}.`,
  '',
  `| ${columns.join(' | ')} |`,
  `|${'---|'.repeat(columns.length)}`,
];
for (const network of flags.networks.split(',')) {
  for (let round = 1; round <= Number(flags.rounds); round++) {
    lines.push(`| ${(await measureRow(network, round)).join(' | ')} |`);
    process.stderr.write(`${lines.at(-1)}\n`);
  }
}
process.stdout.write(`${lines.join('\n')}\n`);
if (flags.update) updateResults(`prediction${inTurns ? '-in-turns' : ''}:node${nodeMajor}`, lines.join('\n'));
