/**
 * What a proxy is worth to a search: fronts of accuracy and latency by each proxy at equal evaluations, compared by the
 * hypervolume of what was measured:
 *
 *   npm run bench:proxies:fronts -- [--network resnet8] [--proxies output-noise,signal-loss] [--seeds 5] [--lut FILE] [--update]
 */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hypervolume } from '../../src/search/index.ts';
import { updateResults } from '../results-file.ts';
import { bitbudget } from './cases.ts';

const { values: flags } = parseArgs({
  options: {
    network: { type: 'string', default: 'resnet8' },
    weights: { type: 'string' },
    proxies: { type: 'string', default: 'output-noise,signal-loss' },
    seeds: { type: 'string', default: '5' },
    evaluations: { type: 'string', default: '1000' },
    samples: { type: 'string', default: '500' },
    lut: { type: 'string' },
    update: { type: 'boolean', default: false },
  },
});
const optional = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value]);
const folder = mkdtempSync(join(tmpdir(), 'bitbudget-fronts-'));

/** Error and latency of the candidates of a front that were run, the latency as a share of the slowest in any. */
function measuredFront(run: string): [error: number, latencyMs: number][] {
  return readdirSync(join(run, 'front')).flatMap((file): [number, number][] => {
    const { predicted, measured } = JSON.parse(readFileSync(join(run, 'front', file), 'utf8'));
    return measured?.accuracy ? [[1 - measured.accuracy.value, predicted.latencyMs.value]] : [];
  });
}

const fronts = new Map<string, [number, number][][]>();
for (let seed = 1; seed <= Number(flags.seeds); seed++) {
  for (const proxy of flags.proxies.split(',')) {
    const run = join(folder, `${proxy}-${seed}`);
    const images = ['--samples', flags.samples, '--evaluate-front', '16'];
    const how = ['--proxy', proxy, '--seed', String(seed), '--evaluations', flags.evaluations, '--out', run];
    const own = [...optional('--weights', flags.weights), ...optional('--lut', flags.lut)];
    bitbudget('search', '--network', flags.network, ...own, ...images, ...how);
    fronts.set(proxy, [...(fronts.get(proxy) ?? []), measuredFront(run)]);
    process.stderr.write(`${proxy} ${seed}: ${fronts.get(proxy)!.at(-1)!.length} candidates run\n`);
  }
}
const slowestMs = Math.max(...[...fronts.values()].flat(2).map(([, latencyMs]) => latencyMs));
const rows = [...fronts].map(([proxy, own]) => {
  const volumes = own.map((front) =>
    hypervolume(
      front.map(([error, ms]) => [error, ms / slowestMs]),
      [1, 1.1],
    ),
  );
  const mean = volumes.reduce((sum, volume) => sum + volume, 0) / volumes.length;
  return `| ${proxy} | ${mean.toFixed(4)} | ${volumes.map((volume) => volume.toFixed(4)).join(', ')} |`;
});
const text = [
  `### Fronts by proxy at equal evaluations: ${flags.network}`,
  '',
  `\`npm run bench:proxies:fronts -- --network ${flags.network} --proxies ${flags.proxies} --seeds ${flags.seeds}\`; ${flags.evaluations} candidates ranked by the proxy, 16 of`,
  `the front run on ${flags.samples} test images; hypervolume of measured error and of latency as a share of the slowest, reference (1, 1.1).`,
  '',
  '| proxy | mean hypervolume | by seed |',
  '|---|---|---|',
  ...rows,
].join('\n');
process.stdout.write(`${text}\n`);
if (flags.update) updateResults(`proxy-fronts:${flags.network}`, text);
