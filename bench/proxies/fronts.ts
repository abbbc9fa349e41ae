/**
 * What a proxy is worth to a search: fronts of accuracy and latency by each proxy at equal evaluations, with the settings of
 * the demo, compared by the hypervolume of what was measured:
 *
 *   npm run bench:proxies:fronts -- [--network resnet8] [--weights FILE] [--proxies output-noise,signal-loss] [--draws 5]
 *     [--reference 600] [--lut FILE] [--folder FOLDER] [--update]
 *
 * Each draw calibrates, and lets the proxies look, at other images, and seeds the search. The reference is the front that
 * NSGA-II finds from all proxies' fronts by so many true evaluations, on images that are not the test's.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { schemesOf } from '../../src/cli/options.ts';
import type { CostModel } from '../../src/cost/types.ts';
import type { DatasetSpec } from '../../src/data/open.ts';
import { DEFAULT_CALIBRATION } from '../../src/node/calibrated-source.ts';
import { halfwayBudgetMs } from '../../src/node/demo.ts';
import { DesignBuilder } from '../../src/node/designs.ts';
import { readDevice } from '../../src/node/device.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { SEARCH_IMAGES_SEED } from '../../src/node/measured-accuracy.ts';
import { openCostModel, schemesSpace, searchNetwork, spreadOver } from '../../src/node/search.ts';
import { DEFAULT_PROXIES } from '../../src/node/space-proxy.ts';
import { openTables } from '../../src/node/tables.ts';
import { trueLosses } from '../../src/node/true-losses.ts';
import { openWorkbench } from '../../src/node/workbench.ts';
import { hypervolume, nsga2 } from '../../src/search/index.ts';
import { createSearchSpace, type SearchSpace } from '../../src/space/index.ts';
import { updateResults } from '../results-file.ts';

const { values: flags } = parseArgs({
  options: {
    network: { type: 'string', default: 'resnet8' },
    weights: { type: 'string' },
    proxies: { type: 'string', default: 'output-noise,signal-loss' },
    draws: { type: 'string', default: '5' },
    evaluations: { type: 'string', default: '2000' },
    points: { type: 'string', default: '16' },
    samples: { type: 'string', default: '1000' },
    reference: { type: 'string', default: '0' },
    lut: { type: 'string' },
    folder: { type: 'string' },
    update: { type: 'boolean', default: false },
  },
});
const CHANCE = 0.1;
const SEARCH_IMAGES = 500;
const SCHEMES = schemesOf({ bits: '2,4,8' });
const quiet = { onProgress() {}, cancellation: { aborted: false } };
const folder = flags.folder ?? mkdtempSync(join(tmpdir(), 'bitbudget-fronts-'));
mkdirSync(folder, { recursive: true });
const [table] = await openTables(nodeFiles, flags.lut === undefined ? undefined : [flags.lut], readDevice(), 1);

/** A point of a front: what was chosen, its predicted latency, and the error that was measured. */
interface Point {
  genome: number[];
  latencyMs: number;
  error: number;
}

async function openDraw(draw: number) {
  const calibration = { ...DEFAULT_CALIBRATION, seed: draw };
  const workbench = await openWorkbench(flags.network, { weightsFile: flags.weights, calibration });
  const space = createSearchSpace(workbench.opened.network, schemesSpace(SCHEMES, 'fixed'));
  const costModel = await openCostModel(nodeFiles, workbench, table);
  return { draw, workbench, space, costModel, builder: new DesignBuilder(workbench) };
}
type Draw = Awaited<ReturnType<typeof openDraw>>;

/** The errors of genomes on images, each run once. */
async function errorsOf({ draw, space, builder }: Draw, genomes: number[][], split: 'test' | 'calibration') {
  const samples = split === 'test' ? Number(flags.samples) : SEARCH_IMAGES;
  const dataset: DatasetSpec = {
    name: 'builtin',
    split,
    samples,
    ...(split !== 'test' && { seed: SEARCH_IMAGES_SEED }),
  };
  const path = join(folder, `${flags.network}-${draw}-${split}-${samples}.json`);
  const known: Record<string, number> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const missing = [...new Set(genomes.map((genome) => genome.join('-')))].filter((key) => !(key in known));
  const designs = missing.map((key) => space.decode(key.split('-').map(Number)));
  const errors = await trueLosses(builder, designs, { dataset, ...quiet });
  missing.forEach((key, i) => void (known[key] = errors[i]));
  writeFileSync(path, JSON.stringify(known));
  return genomes.map((genome) => known[genome.join('-')]);
}

/** The front that a proxy leads the search to, as far as it is run. */
async function frontBy(proxy: string, own: Draw, budgetMs: number): Promise<Point[]> {
  const settings = {
    objectives: ['accuracy', 'latency'] as const,
    budgets: { latencyMs: budgetMs },
    population: 92,
    evaluations: Number(flags.evaluations),
    seed: own.draw,
  };
  const request = {
    ...{ settings, space: schemesSpace(SCHEMES, 'fixed'), resume: false, version: 'bench' },
    proxies: { ...DEFAULT_PROXIES, proxy },
    folder: mkdtempSync(join(folder, 'run-')),
  };
  const { study } = await searchNetwork(own.workbench, [table], request, { files: nodeFiles, ...quiet });
  const chosen = spreadOver(study.front.length, Number(flags.points)).map((i) => study.front[i]);
  const genomes = chosen.map(({ genome }) => [...genome]);
  const errors = await errorsOf(own, genomes, 'test');
  return chosen.map(({ cost }, i) => ({ genome: genomes[i], latencyMs: cost.latencyMs.value, error: errors[i] }));
}

/** The front that true evaluations find, from the fronts of all proxies; run on test images in the end. */
async function referenceFront(own: Draw, starts: number[][], budgetMs: number): Promise<Point[]> {
  const { space, costModel } = own;
  const latencyOf = (genome: number[]) => latencyMs(space, costModel, genome);
  const { archive } = await nsga2({
    variables: space.genes.map(({ choices }) => ({ kind: 'choice' as const, count: choices.length })),
    objectives: 2,
    ...{ seed: 1, population: 48, evaluations: Number(flags.reference), initial: starts },
    async evaluate(batch) {
      const within = batch.filter((genome) => latencyOf(genome) <= budgetMs);
      const errors = await errorsOf(own, within, 'calibration');
      const byKey = new Map(within.map((genome, i) => [genome.join(), errors[i]]));
      return batch.map((genome) => {
        const ms = latencyOf(genome);
        return { objectives: [byKey.get(genome.join()) ?? 1, ms], violation: ms - budgetMs };
      });
    },
  });
  const genomes = archive.filter(({ violation }) => violation <= 0).map(({ variables }) => [...variables]);
  const errors = await errorsOf(own, genomes, 'test');
  return genomes.map((genome, i) => ({ genome, latencyMs: latencyOf(genome), error: errors[i] }));
}

function latencyMs(space: SearchSpace, costModel: CostModel, genome: number[]): number {
  const { schemes } = space.decode(genome);
  return costModel.estimate(costModel.layers.map((layer) => schemes.get(layer)!)).latencyMs.value;
}

const proxies = flags.proxies.split(',');
const fronts = new Map<string, Point[][]>(proxies.map((proxy) => [proxy, []]));
let reference: Point[] | undefined;
let [budgetMs, lowMs] = [0, Number.POSITIVE_INFINITY];
for (let draw = 1; draw <= Number(flags.draws); draw++) {
  const own = await openDraw(draw);
  budgetMs ||= halfwayBudgetMs(own.costModel, SCHEMES); // the fastest candidate and w8a8 cost the same in every draw
  for (const proxy of proxies) {
    const front = await frontBy(proxy, own, budgetMs);
    fronts.get(proxy)!.push(front);
    process.stderr.write(`draw ${draw}, ${proxy}: ${front.length} candidates run\n`);
  }
  if (draw === 1 && Number(flags.reference) > 0) {
    const starts = [...fronts.values()].flat(2).map(({ genome }) => genome);
    reference = await referenceFront(own, starts, budgetMs);
  }
  own.workbench.engine.dispose();
}
const all = [...fronts.values(), ...(reference ? [[reference]] : [])].flat(2);
lowMs = Math.min(...all.map((point) => point.latencyMs));

/** Share of the box from no error and the fastest candidate to chance and the budget. */
function volumeOf(front: readonly Point[]): number {
  const points = front.filter(({ error, latencyMs }) => error < 1 - CHANCE && latencyMs < budgetMs);
  const scaled = points.map(({ error, latencyMs }) => [error / (1 - CHANCE), (latencyMs - lowMs) / (budgetMs - lowMs)]);
  return scaled.length === 0 ? 0 : hypervolume(scaled, [1, 1]);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rows = [...fronts].map(([proxy, own]) => {
  const volumes = own.map(volumeOf);
  const each = volumes.map((volume) => volume.toFixed(3)).join(', ');
  return `| ${proxy} | ${mean(volumes).toFixed(3)} | ${each} |`;
});
if (reference) rows.push(`| ${flags.reference} true evaluations | | ${volumeOf(reference).toFixed(3)} |`);
const text = [
  `#### Fronts by proxy: ${flags.network}`,
  '',
  `\`npm run bench:proxies:fronts -- --network ${flags.network} --proxies ${flags.proxies} --draws ${flags.draws} --reference ${flags.reference}\`; ${flags.evaluations} evaluations by the proxy, ${flags.points} points`,
  `of the front run on ${flags.samples} test images; hypervolume of measured error and predicted latency as a share of the box`,
  `from no error and the fastest candidate (${lowMs.toFixed(3)} ms) to chance and the budget of the demo (${budgetMs.toFixed(3)} ms).`,
  '',
  '| proxy | mean | by draw of the calibration images |',
  '|---|---|---|',
  ...rows,
].join('\n');
process.stdout.write(`${text}\n`);
if (flags.update) updateResults(`proxy-fronts:${flags.network}`, text);
