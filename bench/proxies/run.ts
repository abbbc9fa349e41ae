/**
 * How well proxies rank candidates whose accuracy is measured, and what allocations by them are worth:
 *
 *   npm run bench:proxies -- [--cases resnet8,resnet20,cifar] [--candidates 60] [--at-budget 50] [--samples 500]
 *     [--fixed size,bitops,latency] [--proxies NAMES] [--resnet20-weights FILE] [--cifar-weights FILE --cifar-test FILE --cifar-calibration FILE]
 *     [--lut FILE] [--folder FOLDER] [--update]
 *
 * Candidates that were run are kept in the folder, and not run again.
 */
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withInterval } from '../../src/cli/proxy-text.ts';
import type { CheckedProxy } from '../../src/study/proxy-check/report.ts';
import { updateResults } from '../results-file.ts';
import { bitbudget, type ProxyCase, proxyCases } from './cases.ts';
import { percentiles } from './percentiles.ts';

const { values: flags } = parseArgs({
  options: {
    cases: { type: 'string', default: 'resnet8,resnet20,cifar' },
    candidates: { type: 'string', default: '60' },
    'at-budget': { type: 'string', default: '50' },
    samples: { type: 'string', default: '500' },
    fixed: { type: 'string', default: 'size,bitops' },
    proxies: { type: 'string' },
    'resnet20-weights': { type: 'string' },
    'cifar-weights': { type: 'string' },
    'cifar-test': { type: 'string' },
    'cifar-calibration': { type: 'string' },
    lut: { type: 'string' },
    folder: { type: 'string' },
    update: { type: 'boolean', default: false },
  },
});
const folder = flags.folder ?? mkdtempSync(join(tmpdir(), 'bitbudget-proxies-'));
mkdirSync(folder, { recursive: true });

/** Schemes without f32, so that costs add up and nothing is exempt from quantization. */
const SCHEMES = ['--schemes', 'w8a8,w8a4,w8a2,w4a8,w4a4,w4a2,w2a8,w2a4,w2a2'];

function tableOf(one: ProxyCase, fixed: string): string[] {
  const out = join(folder, `${one.name}-${fixed}.json`);
  const kept = ['size', 'bitops', 'latency']
    .map((cost) => join(folder, `${one.name}-${cost}.json`))
    .filter((path) => existsSync(path));
  const reuse = kept.length > 0 ? ['--reuse', ...kept] : [];
  const drawn = ['--candidates', flags.candidates, '--at-budget', flags['at-budget'], '--fixed', fixed];
  const asked = flags.proxies === undefined ? [] : ['--proxies', flags.proxies];
  const own = [...asked, ...(fixed === 'latency' && flags.lut ? ['--lut', flags.lut] : []), ...reuse];
  const check = bitbudget('proxy', 'check', ...one.flags, ...SCHEMES, ...one.images, ...drawn, '--out', out, ...own);
  const group = (found: CheckedProxy['topFifth'] | null) =>
    found ? withInterval(found.spearman, found.low, found.high) : '';
  const rows = check.proxies.map((proxy: CheckedProxy) => [
    proxy.kind === 'baseline' ? `(${proxy.name})` : proxy.name,
    withInterval(proxy.spearman, proxy.low, proxy.high),
    withInterval(proxy.kendall, proxy.kendallLow, proxy.kendallHigh),
    group(proxy.topFifth),
    group(proxy.atFixedBudget),
    proxy.evaluationsSaved.toFixed(1),
    proxy.seconds === null ? '' : proxy.seconds.toFixed(1),
  ]);
  const lines = [
    `#### ${one.title}: ${check.candidates} varied candidates, ${check.fixedBudget.candidates} of equal ${fixed}`,
    '',
    '| proxy | Spearman | Kendall | best fifth | equal cost | evaluations saved | s |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row: string[]) => `| ${row.join(' | ')} |`),
    '',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  return [...lines, ...percentiles(one, SCHEMES, { fixed, out, folder, lut: flags.lut }), ''];
}

const sections = proxyCases(flags).flatMap((one) => flags.fixed.split(',').flatMap((fixed) => tableOf(one, fixed)));
const text = [
  `### Proxies against measured accuracy`,
  '',
  `\`npm run bench:proxies -- --candidates ${flags.candidates} --at-budget ${flags['at-budget']} --samples ${flags.samples}\`, Node ${process.versions.node}; nine schemes of 2, 4 and 8 bits, first and last layer w8a8;`,
  `Spearman and Kendall with 95% bootstrap intervals; docs/proxy-check.md explains the columns. In brackets what a proxy has to beat.`,
  '',
  ...sections,
].join('\n');
process.stdout.write(`${text}\n`);
if (flags.update) updateResults('proxies', text);
