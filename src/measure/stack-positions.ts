/** Frames of the recursion below that make up a page of 4 KB in V8, about. */
const POSITIONS = 43;
/** Steps by this share of the positions meet all parts of the page about equally often, however many are made. */
const GOLDEN_SHARE = 0.618033988749895;

/** Runs something with the stack at one position. */
export type AtPosition = <T>(work: () => T) => T;

/**
 * Where the stack lies when a kernel is called. Kernels with more sums than registers keep some on the stack, and a load
 * whose address equals that of a store just before it in the last twelve bits has to wait for it: a kernel takes up to 4%
 * longer at some positions, a matrix tile over 2 KB up to 8%. The system draws the stack's
 * place anew for each process, so the time of one process is that of one draw. Runs at many positions are of all
 * (Mytkowicz et al., Producing wrong data without doing anything obviously wrong, ASPLOS 2009; Curtsinger and Berger,
 * Stabilizer, ASPLOS 2013).
 */
export class StackPositions {
  private taken = 0;

  /** The next position, for all runs of one sample. */
  next(): AtPosition {
    const frames = Math.floor(((this.taken++ * GOLDEN_SHARE) % 1) * POSITIONS);
    return (work) => deeper(frames, work);
  }
}

function deeper<T>(frames: number, work: () => T): T {
  return frames === 0 ? work() : deeper(frames - 1, work);
}
