/**
 * How well the predictor does on candidates that it has not seen, by the number of candidates that it learned from; the same
 * for several draws of the learned ones, without and with looks at candidates (`--parts splits`); what a start from full-precision pairs saves; and what a search gains that fits a surrogate as it goes:
 * `npm run bench:predictor -- [--cases a,b] [--truths FOLDER] [--pairs 50,100,200] [--seeds 5] [--hidden 400,400,400] [--update]`.
 * True losses take most of the time; a folder given by `--truths` keeps them.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Encoding } from '../../src/accuracy/predictor/encoding.ts';
import { DEFAULT_ENSEMBLE, EnsembleRunner, trainEnsemble } from '../../src/accuracy/predictor/ensemble.ts';
import { fitPredictor, Predictor } from '../../src/accuracy/predictor/predictor.ts';
import { fitArchitectures } from '../../src/accuracy/predictor/transfer.ts';
import { rankAgreement } from '../../src/accuracy/ranking/rank-agreement.ts';
import { Random } from '../../src/core/random.ts';
import type { DatasetSpec } from '../../src/data/open.ts';
import { comparePredictions, predictorGenes } from '../../src/node/predictor.ts';
import { loadPredictorArithmetic } from '../../src/node/predictor-files.ts';
import { DEFAULT_PROXIES } from '../../src/node/space-proxy.ts';
import { drawVaried } from '../../src/study/proxy-check/draw-candidates.ts';
import { drawArchitectures, drawForTransfer } from '../../src/study/transfer-plan.ts';
import { updateResults } from '../results-file.ts';
import { CASES, type PredictorCase, spaceOf } from './cases.ts';
import { compareMeasured } from './measured-searches.ts';
import { compareSearches } from './searches.ts';
import { compareSplits } from './splits.ts';
import { TruthStore } from './truths.ts';

const { values: flags } = parseArgs({
  options: {
    cases: { type: 'string', default: 'resnet20-bits,resnet20-cifar,resnet8-joint' },
    truths: { type: 'string' },
    pairs: { type: 'string', default: '50,100,200' },
    fresh: { type: 'string', default: '100' },
    'transfer-pairs': { type: 'string', default: '20,40,80' },
    architectures: { type: 'string', default: '60' },
    seeds: { type: 'string', default: '5' },
    hidden: { type: 'string', default: DEFAULT_ENSEMBLE.hidden.join() },
    parts: { type: 'string', default: 'errors,splits,transfer,searches,measured' },
    splits: { type: 'string', default: '6' },
    proxy: { type: 'string' },
    evaluations: { type: 'string', default: '60,120' },
    images: { type: 'string', default: '100' },
    update: { type: 'boolean', default: false },
  },
});

const folder = flags.truths ?? mkdtempSync(join(tmpdir(), 'bitbudget-truths-'));
const counts = flags.pairs.split(',').map(Number);
const settings = { ...DEFAULT_ENSEMBLE, hidden: flags.hidden.split(',').map(Number) };
const quiet = { onProgress: () => {}, cancellation: { aborted: false }, pause: async () => {} };
const makeArithmetic = await loadPredictorArithmetic();
const parts = flags.parts.split(',');
const lines: string[] = [];

function say(line: string): void {
  lines.push(line);
  process.stderr.write(`${line}\n`);
}

async function opened(one: PredictorCase) {
  const workbench = await one.open();
  const space = spaceOf(one, workbench);
  const store = new TruthStore(one, workbench, space, folder);
  const genes = await predictorGenes(workbench, space, { ...DEFAULT_PROXIES, proxy: flags.proxy }, quiet);
  const bare = genes.map(({ prior: _, ...gene }) => gene);
  return { one, workbench, space, store, genes, bare };
}
type Opened = Awaited<ReturnType<typeof opened>>;

const points = (error: number) => (100 * error).toFixed(2);

/** Errors by the number of pairs, for the predictor and for its parts. */
async function benchErrors({ one, space, store, genes, bare }: Opened): Promise<void> {
  const most = Math.max(...counts);
  const genomes = new Random(3).shuffle(drawVaried(space, most + Number(flags.fresh), new Random(7)));
  const losses = await store.of(genomes, (done) =>
    process.stderr.write(`\r${one.name}: truths ${Math.round(100 * done)}%`),
  );
  const fresh = genomes.slice(most);
  const truth = losses.slice(most);
  const priors = fresh.map((genome) => genome.reduce((sum, value, gene) => sum + genes[gene].prior![value], 0));
  const proxy = rankAgreement(priors, truth, 1).spearman;
  say(
    `| ${one.what} | none: the proxy alone | | ${proxy.value!.toFixed(3)} (${proxy.low!.toFixed(3)}–${proxy.high!.toFixed(3)}) | | | |`,
  );
  for (const count of counts) {
    const pairs = { genomes: genomes.slice(0, count), losses: losses.slice(0, count) };
    const { model } = await fitPredictor(makeArithmetic, genes, pairs, settings, quiet);
    const { model: alone } = await fitPredictor(makeArithmetic, bare, pairs, settings, quiet);
    const check = comparePredictions(new Predictor(makeArithmetic, model).predict(fresh), truth);
    const spearmanOf = (own: typeof model, blend: number) =>
      comparePredictions(new Predictor(makeArithmetic, { ...own, blend }).predict(fresh), truth).spearman.value!;
    const { value, low, high } = check.spearman;
    const cells = [
      one.what,
      String(count),
      points(check.meanAbsoluteError),
      `${value!.toFixed(3)} (${low!.toFixed(3)}–${high!.toFixed(3)})`,
      check.kendall.value!.toFixed(3),
      [spearmanOf(alone, 1), spearmanOf(model, 1), spearmanOf(model, 0)].map((rho) => rho.toFixed(3)).join(' / '),
      `${Math.round(100 * check.within68)}% / ${Math.round(100 * check.within95)}%`,
    ];
    say(`| ${cells.join(' | ')} |`);
  }
}

/** The networks alone on quantized pairs, from weights at random and from those that learned architectures. */
async function benchTransfer({ one, space, store, bare }: Opened): Promise<void> {
  const encoding = new Encoding(bare);
  const whole = drawArchitectures(space, Number(flags.architectures), new Random(11));
  const wholeLosses = await store.of(whole);
  const start = await fitArchitectures(makeArithmetic, bare, { genomes: whole, losses: wholeLosses }, settings, quiet);
  const fresh = drawVaried(space, Math.max(...counts) + Number(flags.fresh), new Random(7));
  const held = await store.of(fresh);
  for (const count of flags['transfer-pairs'].split(',').map(Number)) {
    const genomes = drawForTransfer(space, count, new Random(17));
    const losses = await store.of(genomes);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / count;
    const deviation = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / count) || 1;
    const targets = Float64Array.from(losses, (loss) => (loss - mean) / deviation);
    const rows = genomes.map((genome) => encoding.encode(genome));
    const cells: string[] = [];
    for (const from of [undefined, start]) {
      const ensemble = await trainEnsemble(makeArithmetic, rows, targets, settings, quiet, from);
      const predicted = new EnsembleRunner(makeArithmetic, ensemble)
        .predict(fresh.map((genome) => encoding.encode(genome)))
        .map(({ value }) => ({ value: mean + deviation * value, deviation }));
      const { meanAbsoluteError, spearman } = comparePredictions(predicted, held);
      cells.push(points(meanAbsoluteError), spearman.value!.toFixed(3));
    }
    say(`| ${one.what} | ${count} | ${cells.join(' | ')} |`);
  }
}

/** Searches of ResNet-8's bits whose truth is measured on few images, their fronts judged on others. */
async function benchMeasured(): Promise<void> {
  const one = CASES.find(({ name }) => name === 'resnet8-bits')!;
  const workbench = await one.open();
  const space = spaceOf(one, workbench);
  const storeOf = (name: string, dataset: DatasetSpec) =>
    new TruthStore({ ...one, name, dataset }, workbench, space, folder);
  const samples = Number(flags.images);
  const seen = storeOf(`${one.name}-${samples}`, { ...one.dataset, samples });
  const unseen = storeOf(`${one.name}-judged`, { ...one.dataset, split: 'test', samples: 500 });
  const genes = await predictorGenes(workbench, space, DEFAULT_PROXIES, quiet);
  const evaluations = flags.evaluations.split(',').map(Number);
  say(
    `\nHypervolume of loss and bit operations, median of ${flags.seeds} seeds (least to greatest): on the ${samples} images that the searches see, and their fronts on 500 others.\n`,
  );
  say('| space | evaluations | search | seen images | other images |');
  say('|---|---|---|---|---|');
  const prior = genes.map((gene) => gene.prior!);
  await compareMeasured({
    ...{ what: one.what, workbench, space, seen, unseen, prior, evaluations },
    ...{ seeds: Number(flags.seeds), say },
  });
}

const open: Opened[] = [];
for (const one of CASES.filter(({ name }) => flags.cases.split(',').includes(name))) {
  if (one.absent) say(`${one.what}: left out, ${one.absent}.\n`);
  else open.push(await opened(one));
}
if (parts.includes('errors')) {
  say(
    `\nErrors on ${flags.fresh} candidates that were not learned from; hidden layers ${flags.hidden}; ρ of the networks on one-hot inputs alone / with the proxy's priors / of the Gaussian process.\n`,
  );
  say('| space | learned from | error, points | ρ (95% interval) | τ | ρ of the parts | within 1 / 1.96 deviations |');
  say('|---|---|---|---|---|---|---|');
  for (const own of open) await benchErrors(own);
}
if (parts.includes('splits')) {
  const [learned, heldOut] = [Math.max(...counts), Math.max(...counts)];
  say(
    `\nRank correlation after ${learned} evaluations: mean of ${flags.splits} draws of them, least to greatest, and the mean ends of the 95% bootstrap intervals; hidden layers ${flags.hidden}.\n`,
  );
  say('| space | held out | predicted by | ρ | of all draws | 95% |');
  say('|---|---|---|---|---|---|');
  const splits = Number(flags.splits);
  for (const own of open) await compareSplits(own, { makeArithmetic, settings, folder, learned, heldOut, splits, say });
}
if (parts.includes('transfer')) {
  const joint = open.filter(({ genes }) => new Encoding(genes).architectureSize > 0);
  if (joint.length > 0) {
    say(
      `\nTransfer: networks alone on one-hot inputs, from random weights and from ${flags.architectures} full-precision pairs.\n`,
    );
    say('| space | quantized pairs | error from scratch, points | ρ | error with transfer | ρ |');
    say('|---|---|---|---|---|---|');
  }
  for (const own of joint) await benchTransfer(own);
}
if (parts.includes('searches')) await compareSearches({ seeds: Number(flags.seeds), say });
if (parts.includes('measured')) await benchMeasured();
if (flags.update) updateResults('predictor', lines.join('\n'));
process.stdout.write(`${lines.join('\n')}\n`);
