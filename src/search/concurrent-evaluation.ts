import type { Evaluation } from './problem.ts';
import { usage } from './problem.ts';

/**
 * Turns the evaluation of one genome into that of a batch, with at most so many under way at a time. Results come in the
 * order of the batch, whichever is ready first, so a search takes the same course with any number of lanes. When one
 * evaluation fails no more are started, and the batch fails when those under way have ended, with the first failure in
 * the batch's order.
 *
 * @param evaluate may use `lane`, from 0 to below `lanes`, to choose a worker: no two evaluations share one at a time.
 * @throws {BitbudgetError} `usage` where `lanes` is no whole number from 1.
 * @example evaluateConcurrently(async ([x]) => ({ objectives: [x] }), 2)([[1], [2]]) instanceof Promise // => true
 */
export function evaluateConcurrently(
  evaluate: (genome: number[], lane: number) => Promise<Evaluation>,
  lanes: number,
): (batch: number[][]) => Promise<Evaluation[]> {
  if (!Number.isInteger(lanes) || lanes < 1) {
    throw usage(`Evaluations are to run in ${lanes} lanes.`, 'Give a whole number of at least 1.');
  }
  return async (batch) => {
    const results = new Array<Evaluation>(batch.length);
    const failures = new Map<number, unknown>();
    let next = 0;
    const run = async (lane: number) => {
      while (next < batch.length && failures.size === 0) {
        const place = next++;
        try {
          results[place] = await evaluate(batch[place], lane);
        } catch (error) {
          failures.set(place, error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, batch.length) }, (_, lane) => run(lane)));
    if (failures.size > 0) throw failures.get(Math.min(...failures.keys()));
    return results;
  };
}
