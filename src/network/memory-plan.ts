/** A stretch of memory that is alive from the step that writes it to the last step that reads it, both included. */
export interface PlannedBuffer {
  name: string;
  bytes: number;
  firstStep: number;
  lastStep: number;
}

export interface MemoryPlan {
  /** Byte offset of every buffer in the arena, a multiple of the alignment. */
  offsets: Map<string, number>;
  /** Size of the arena: the network's peak of activations and scratch. */
  peakBytes: number;
}

/** A cache line: keeps buffers of one layer from sharing lines. */
const ALIGNMENT_BYTES = 64;

/**
 * Places buffers in one arena so that no two that are alive together overlap: largest first, each at the lowest free
 * offset (greedy by size; Pisarchyk and Lee, Efficient Memory Management for Deep Neural Net Inference, 2020).
 *
 * @example planMemory([{ name: 'a', bytes: 64, firstStep: 0, lastStep: 1 }, { name: 'b', bytes: 64, firstStep: 2, lastStep: 3 }]).peakBytes // => 64
 */
export function planMemory(buffers: readonly PlannedBuffer[]): MemoryPlan {
  const order = [...buffers].sort(
    (a, b) => b.bytes - a.bytes || a.firstStep - b.firstStep || (a.name < b.name ? -1 : 1),
  );
  const placed: { start: number; end: number; firstStep: number; lastStep: number }[] = [];
  const offsets = new Map<string, number>();
  let peakBytes = 0;
  for (const buffer of order) {
    let start = 0;
    for (const other of placed) {
      if (other.lastStep < buffer.firstStep || other.firstStep > buffer.lastStep) continue;
      if (start + buffer.bytes <= other.start) break;
      start = Math.max(start, other.end);
    }
    const end = start + Math.ceil(buffer.bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    const position = placed.findIndex((other) => other.start > start);
    const slot = { start, end, firstStep: buffer.firstStep, lastStep: buffer.lastStep };
    placed.splice(position < 0 ? placed.length : position, 0, slot);
    offsets.set(buffer.name, start);
    peakBytes = Math.max(peakBytes, end);
  }
  return { offsets, peakBytes };
}
