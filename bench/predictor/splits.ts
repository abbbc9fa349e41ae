import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Arithmetic } from '../../src/accuracy/predictor/arithmetic.ts';
import type { PredictorGene } from '../../src/accuracy/predictor/encoding.ts';
import type { EnsembleSettings } from '../../src/accuracy/predictor/ensemble.ts';
import { fitLowFidelity, type LowFidelityPairs } from '../../src/accuracy/predictor/low-fidelity.ts';
import { type Beforehand, fitPredictor, Predictor } from '../../src/accuracy/predictor/predictor.ts';
import { rankAgreement } from '../../src/accuracy/ranking/rank-agreement.ts';
import { Random } from '../../src/core/random.ts';
import { nodeClock } from '../../src/node/clock.ts';
import { lookAtCandidates, lookAtEach } from '../../src/node/low-fidelity.ts';
import { checkProxies } from '../../src/node/proxy-check.ts';
import type { Workbench } from '../../src/node/workbench.ts';
import type { SearchSpace } from '../../src/space/index.ts';
import { drawVaried } from '../../src/study/proxy-check/draw-candidates.ts';
import type { PredictorCase } from './cases.ts';
import { TruthStore } from './truths.ts';

/** Candidates of a check of proxies: varied ones, and ones of equal size. */
const CHECKED = { candidates: 60, atBudget: 50 };
/** Candidates whose looks a level is modelled from. */
const MODELLED = 1000;

export interface SplitCase {
  one: PredictorCase;
  workbench: Workbench;
  space: SearchSpace;
  store: TruthStore;
  genes: PredictorGene[];
}

export interface SplitOptions {
  makeArithmetic: (bytes: number) => Arithmetic;
  settings: EnsembleSettings;
  /** Where truths and looks are kept. */
  folder: string;
  learned: number;
  heldOut: number;
  splits: number;
  say(line: string): void;
}

/** Candidates that a predictor has not learned from, and what they truly lose. */
interface HeldOut {
  what: string;
  genomes: readonly (readonly number[])[];
  losses: readonly number[];
  looks: readonly number[];
}

const quiet = { onProgress: () => {}, cancellation: { aborted: false }, pause: async () => {} };

/**
 * Ranks of held-out candidates by predictors that learned from several draws of the same evaluated ones: without looks, with a
 * level that is modelled, and with a look at each candidate. Every set of images is apart from the others.
 */
export async function compareSplits(given: SplitCase, options: SplitOptions): Promise<void> {
  const { one, space, store, genes } = given;
  const { makeArithmetic, settings, folder, learned, heldOut, splits, say } = options;
  const drawn = drawVaried(space, learned + heldOut, new Random(7));
  const losses = await store.of(drawn, progress(one.name, 'truths'));
  const book = new LookBook(given, folder);
  const looks = await book.of(drawn);
  const checked = await checkedSets(given, folder, book);
  const lowFidelity = fitLowFidelity(genes, await book.others()); // once for all draws
  const ways: Record<string, (rows: readonly number[]) => Beforehand> = {
    'no looks': () => ({}),
    'level of 1000 others': () => ({ lowFidelity }),
    'a look at each': (rows) => ({ looks: rows.map((row) => looks[row]) }),
  };
  const ranks = new Map<string, [number, number, number][]>();
  const note = (set: HeldOut, way: string, predicted: readonly number[]) => {
    const { value, low, high } = rankAgreement(predicted, set.losses, 1).spearman;
    const key = `${set.what} | ${way}`;
    ranks.set(key, [...(ranks.get(key) ?? []), [value!, low!, high!]]);
  };
  for (let split = 1; split <= splits; split++) {
    const order = new Random(100 + split).shuffle(drawn.map((_, row) => row));
    const [rows, rest] = [order.slice(0, learned), order.slice(learned)];
    const pick = <T>(values: readonly T[], from: readonly number[]) => from.map((row) => values[row]);
    const sets: HeldOut[] = [
      {
        what: `the other ${heldOut} varied`,
        ...{ genomes: pick(drawn, rest), losses: pick(losses, rest), looks: pick(looks, rest) },
      },
      ...checked,
    ];
    for (const set of sets) {
      note(
        set,
        'the proxy alone',
        set.genomes.map((genome) => additive(genes, genome)),
      );
      note(set, 'the look alone', set.looks);
    }
    const pairs = { genomes: pick(drawn, rows), losses: pick(losses, rows) };
    for (const [way, before] of Object.entries(ways)) {
      const { model, heldOut: errors } = await fitPredictor(
        makeArithmetic,
        genes,
        pairs,
        settings,
        quiet,
        before(rows),
      );
      const predictor = new Predictor(makeArithmetic, model);
      for (const set of sets)
        note(
          set,
          way,
          predictor.predict(set.genomes, set.looks).map(({ value }) => value),
        );
      process.stderr.write(`split ${split}, ${way}: ${JSON.stringify(errors)}, share of the networks ${model.blend}\n`);
    }
  }
  for (const [key, own] of ranks) {
    const [values, lows, highs] = [0, 1, 2].map((k) => own.map((triple) => triple[k]));
    const mean = (column: number[]) => (column.reduce((sum, value) => sum + value, 0) / column.length).toFixed(3);
    const range = `${Math.min(...values).toFixed(3)}–${Math.max(...values).toFixed(3)}`;
    say(`| ${one.what} | ${key} | ${mean(values)} | ${range} | ${mean(lows)}–${mean(highs)} |`);
  }
}

/** As `proxy check` draws them, run on its test images. */
async function checkedSets(given: SplitCase, folder: string, book: LookBook): Promise<HeldOut[]> {
  const { one, workbench, space } = given;
  const store = new TruthStore({ ...one, name: `${one.name}-test`, dataset: one.test }, workbench, space, folder);
  const request = { space, ...CHECKED, fixed: { metric: 'sizeBytes' as const }, proxies: [], seed: 1 };
  const { varied, atBudget, truth } = await checkProxies(
    workbench,
    request,
    (designs) =>
      store.of(
        designs.map(({ genome }) => genome),
        progress(one.name, 'truths of the check'),
      ),
    { ...quiet, clock: nodeClock },
  );
  const sets = [
    { what: `${varied.length} varied of \`proxy check\``, points: varied, losses: truth.varied },
    { what: `${atBudget.length} of equal size`, points: atBudget, losses: truth.atBudget },
  ];
  return Promise.all(
    sets.map(async ({ what, points, losses }) => {
      const genomes = points.map(({ genome }) => [...genome]);
      return { what, genomes, losses, looks: await book.of(genomes) };
    }),
  );
}

/** What looks at candidates showed, each taken once and kept in a file. */
class LookBook {
  private readonly given: SplitCase;
  private readonly path: string;

  constructor(given: SplitCase, folder: string) {
    this.given = given;
    this.path = `${folder}/${given.one.name}-looks`;
  }

  async of(genomes: readonly (readonly number[])[]): Promise<number[]> {
    const { workbench, space, one } = this.given;
    const kept = new Map(read<[string, number][]>(`${this.path}.json`) ?? []);
    const missing = genomes.filter((genome) => !kept.has(genome.join('-')));
    const report = progress(one.name, 'looks');
    const surroundings = { ...quiet, onProgress: (_: string, done: number) => report(done) };
    const seen = missing.length > 0 ? await lookAtEach(workbench, space, missing, surroundings) : [];
    missing.forEach((genome, i) => void kept.set(genome.join('-'), seen[i]));
    write(`${this.path}.json`, [...kept]);
    return genomes.map((genome) => kept.get(genome.join('-'))!);
  }

  /** Of candidates that are neither learned from nor held out. */
  async others(): Promise<LowFidelityPairs> {
    const path = `${this.path}-others.json`;
    const known = read<LowFidelityPairs>(path);
    if (known) return known;
    const { workbench, space, one } = this.given;
    const report = progress(one.name, 'looks at others');
    const surroundings = { ...quiet, onProgress: (_: string, done: number) => report(done) };
    const looked = await lookAtCandidates(workbench, space, MODELLED, surroundings);
    write(path, looked);
    return looked;
  }
}

function additive(genes: readonly PredictorGene[], genome: readonly number[]): number {
  return genome.reduce((sum, value, gene) => sum + genes[gene].prior![value], 0);
}

function progress(name: string, what: string): (done: number) => void {
  return (done) => process.stderr.write(`${name}: ${what} ${Math.round(100 * done)}%\n`);
}

function read<T>(path: string): T | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

function write(path: string, content: unknown): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(content));
  renameSync(`${path}.tmp`, path);
}
