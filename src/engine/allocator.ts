import { assert, BitbudgetError } from '../core/errors.ts';

const PAGE_BYTES = 65536;
const ALIGNMENT_BYTES = 64;

interface Block {
  start: number;
  bytes: number;
}

/**
 * Hands out stretches of the kernel memory at load time: first fit over a sorted list of free blocks, growing the
 * memory where none fits. Running a network allocates nothing.
 */
export class MemoryAllocator {
  private readonly memory: WebAssembly.Memory;
  private readonly free: Block[] = [];
  private readonly used = new Map<number, number>();
  private end: number;

  constructor(memory: WebAssembly.Memory, heapBase: number) {
    this.memory = memory;
    this.end = align(heapBase);
  }

  /** @returns the address of a zeroed stretch, aligned to a cache line. */
  allocate(bytes: number): number {
    const size = Math.max(align(bytes), ALIGNMENT_BYTES);
    const start = this.takeFree(size) ?? this.extend(size);
    this.used.set(start, size);
    new Uint8Array(this.memory.buffer, start, size).fill(0);
    return start;
  }

  release(address: number): void {
    const bytes = this.used.get(address);
    assert(bytes !== undefined, `released ${address}, which was not allocated`);
    this.used.delete(address);
    let position = this.free.findIndex((block) => block.start > address);
    if (position < 0) position = this.free.length;
    this.free.splice(position, 0, { start: address, bytes });
    this.mergeAt(position);
    if (position > 0) this.mergeAt(position - 1);
  }

  private mergeAt(position: number): void {
    const block = this.free[position];
    const next = this.free[position + 1];
    if (next && block.start + block.bytes === next.start) {
      block.bytes += next.bytes;
      this.free.splice(position + 1, 1);
    }
  }

  private takeFree(size: number): number | undefined {
    const position = this.free.findIndex((block) => block.bytes >= size);
    if (position < 0) return undefined;
    const block = this.free[position];
    const { start } = block;
    block.start += size;
    block.bytes -= size;
    if (block.bytes === 0) this.free.splice(position, 1);
    return start;
  }

  private extend(size: number): number {
    const start = this.end;
    const missing = start + size - this.memory.buffer.byteLength;
    if (missing > 0) this.grow(missing, start + size);
    this.end = start + size;
    return start;
  }

  private grow(bytes: number, end: number): void {
    try {
      this.memory.grow(Math.ceil(bytes / PAGE_BYTES));
    } catch {
      const gib = (end / 2 ** 30).toFixed(1);
      const problem = `The networks that are loaded need ${gib} GiB of kernel memory, which this machine does not give.`;
      throw new BitbudgetError('unsupported', problem, 'Dispose of sessions, or load fewer or smaller networks.');
    }
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
