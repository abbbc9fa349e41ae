import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { SearchSpace, SpacePoint } from '../space/index.ts';
import type { AccuracySource } from '../study/index.ts';
import { drawVaried } from '../study/proxy-check/draw-candidates.ts';
import { drawArchitectures, drawForTransfer, inFullPrecision } from '../study/transfer-plan.ts';
import { FULL_PRECISION } from './evaluated-file.ts';
import type { ProbeSurroundings } from './space-proxy.ts';

/** Candidates that are run at a time: what they share is run once, and an interruption loses no more than them. */
const TOGETHER = 24;

export interface DrawRequest {
  /** Quantized candidates. */
  candidates: number;
  /** Architectures to run in full precision; with some, the quantized candidates follow APQ's plan. */
  fullPrecision: number;
  seed: number;
}

/** A candidate that was drawn and run, as a file keeps it. */
export interface DrawnCandidate {
  group: 'varied' | 'transfer' | typeof FULL_PRECISION;
  genome: number[];
  top1: number;
}

/** Losses of candidates that need not be run again, by genome. */
export interface KnownLosses {
  quantized: ReadonlyMap<string, number>;
  fullPrecision: ReadonlyMap<string, number>;
}

/**
 * Draws candidates for a predictor to learn from and runs them: varied ones, as `proxy check` draws them; or architectures
 * in full precision, and quantized candidates by APQ's plan.
 *
 * @param keep is given all candidates so far after each batch.
 * @throws {BitbudgetError} `usage` for a space without architectures where some are asked for, `interrupted`.
 */
export async function drawAndRun(
  space: SearchSpace,
  { candidates, fullPrecision, seed }: DrawRequest,
  truth: AccuracySource<SpacePoint>,
  known: KnownLosses,
  { onProgress, cancellation, pause }: ProbeSurroundings,
  keep: (drawn: readonly DrawnCandidate[]) => Promise<void>,
): Promise<DrawnCandidate[]> {
  const random = new Random(seed);
  const whole = fullPrecision > 0 ? drawArchitectures(space, fullPrecision, random) : [];
  const quantized =
    fullPrecision > 0 ? drawForTransfer(space, candidates, random) : drawVaried(space, candidates, random);
  const group = fullPrecision > 0 ? ('transfer' as const) : ('varied' as const);
  const wanted = [
    ...whole.map((genome) => ({
      group: FULL_PRECISION,
      genome,
      lossBefore: known.fullPrecision.get(genome.join('-')),
    })),
    ...quantized.map((genome) => ({ group, genome, lossBefore: known.quantized.get(genome.join('-')) })),
  ];
  const drawn: DrawnCandidate[] = [];
  for (const { lossBefore, ...candidate } of wanted) {
    if (lossBefore !== undefined) drawn.push({ ...candidate, top1: 1 - lossBefore });
  }
  // neighbours in this order share the most
  const left = wanted.filter(({ lossBefore }) => lossBefore === undefined).sort(inOrderOfGenomes);
  for (let from = 0; from < left.length; from += TOGETHER) {
    const batch = left.slice(from, from + TOGETHER);
    const points = batch.map(({ group: own, genome }) => {
      const point = space.decode(genome);
      return own === FULL_PRECISION ? inFullPrecision(point) : point;
    });
    const losses = await truth.losses(points);
    batch.forEach(({ group: own, genome }, i) => void drawn.push({ group: own, genome, top1: 1 - losses[i] }));
    await keep(drawn);
    onProgress('running candidates', drawn.length / wanted.length);
    await pause();
    if (cancellation.aborted && drawn.length < wanted.length) throw interrupted();
  }
  return drawn;
}

function inOrderOfGenomes(a: { genome: readonly number[] }, b: { genome: readonly number[] }): number {
  const gene = a.genome.findIndex((value, i) => value !== b.genome[i]);
  return gene < 0 ? 0 : a.genome[gene] - b.genome[gene];
}

function interrupted(): BitbudgetError {
  const remedy = 'What was run is in the file: the same command with --reuse FILE goes on.';
  return new BitbudgetError('interrupted', 'The draw was interrupted.', remedy);
}
