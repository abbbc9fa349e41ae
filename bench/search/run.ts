/**
 * Everything that the search is held to, beside the targets, as markdown on stdout:
 * `npm run bench:search -- [--quick] [--only fronts,DTLZ1,hard_L18] [--seeds 11] [--data FOLDER | generated]`.
 * Sections are `fronts` (NSGA-III and NSGA-II on problems whose fronts are known), `exact` and `guided` (allocation
 * problems: those of the test data, or others made here) and `joint` (strategies on bits, channels and depth together). Seeds are 1, 2, 3 …: all but the times is the same everywhere.
 */

import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchExact } from './exact.ts';
import { benchFronts } from './fronts.ts';
import { benchGuided } from './guided.ts';
import { benchJoint } from './joint.ts';
import { openProblems } from './problems.ts';
import { type BenchRun, Report } from './report.ts';

const SEEDS = 11;
const QUICK_SEEDS = 3;
const CLEAR_LINE = '\r\x1b[K';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    seeds: { type: 'string' },
    data: { type: 'string' },
  },
});
const seedCount = Number(flags.seeds ?? (flags.quick ? QUICK_SEEDS : SEEDS));
if (!Number.isInteger(seedCount) || seedCount < 1) {
  throw new Error(`--seeds ${flags.seeds}: give a whole number from 1.`);
}
const only = flags.only?.toLowerCase().split(',');
const met = new Set<string>();
const status = process.stderr.isTTY
  ? (text: string) => process.stderr.write(text === '' ? CLEAR_LINE : `${CLEAR_LINE}${text}`)
  : undefined;
const report = new Report((text) => process.stdout.write(text), status);
const run: BenchRun = {
  report,
  seeds: Array.from({ length: seedCount }, (_, i) => i + 1),
  quick: flags.quick,
  wanted: (...names) => {
    const named = only?.filter((one) => names.some((name) => name.toLowerCase() === one));
    for (const one of named ?? []) met.add(one);
    return named === undefined || named.length > 0;
  },
};
const source = openProblems(flags.data);
report.say(`Node ${process.versions.node}, ${cpus()[0]?.model}, ${cpus().length} cores; ${seedCount} seeds.`);
await benchFronts(run);
await benchExact(run, source);
await benchGuided(run, source);
await benchJoint(run);
const stray = only?.filter((one) => !met.has(one)) ?? [];
if (stray.length > 0) report.say(`\nNo section or problem goes by the name of ${stray.join(', ')}.`);
report.say(report.missed.length > 0 ? `\nMissed: ${report.missed.join(', ')}.` : '\nAll targets met.');
