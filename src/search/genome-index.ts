/** Finds the row of a genome that has been seen before. */
export interface GenomeIndex {
  /** The row of an equal genome, or −1. */
  find(genome: ArrayLike<number>): number;
  /** Records a genome that `find` did not know. */
  add(genome: ArrayLike<number>, row: number): void;
}

const numberBits = new Float64Array(1);
const numberWords = new Uint32Array(numberBits.buffer);

/** A hash table with linear probing over genomes that lie in one flat array; no string is built for a look-up. */
export class HashIndex implements GenomeIndex {
  private readonly geneCount: number;
  private readonly read: (row: number, gene: number) => number;
  private slots = new Int32Array(1024).fill(-1);
  private hashes = new Int32Array(1024);
  private size = 0;

  constructor(geneCount: number, read: (row: number, gene: number) => number) {
    this.geneCount = geneCount;
    this.read = read;
  }

  find(genome: ArrayLike<number>): number {
    const hash = this.hash(genome);
    const mask = this.slots.length - 1;
    // The table is at most half full, so an empty slot ends every probe.
    for (let slot = hash & mask; this.slots[slot] >= 0; slot = (slot + 1) & mask) {
      if (this.hashes[slot] === hash && this.equals(this.slots[slot], genome)) return this.slots[slot];
    }
    return -1;
  }

  add(genome: ArrayLike<number>, row: number): void {
    if (2 * (this.size + 1) > this.slots.length) this.grow();
    this.place(this.hash(genome), row);
    this.size++;
  }

  private place(hash: number, row: number): void {
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    while (this.slots[slot] >= 0) slot = (slot + 1) & mask;
    this.slots[slot] = row;
    this.hashes[slot] = hash;
  }

  private grow(): void {
    const { slots, hashes } = this;
    this.slots = new Int32Array(2 * slots.length).fill(-1);
    this.hashes = new Int32Array(2 * slots.length);
    for (let i = 0; i < slots.length; i++) if (slots[i] >= 0) this.place(hashes[i], slots[i]);
  }

  private equals(row: number, genome: ArrayLike<number>): boolean {
    for (let i = 0; i < this.geneCount; i++) if (this.read(row, i) !== genome[i]) return false;
    return true;
  }

  private hash(genome: ArrayLike<number>): number {
    let hash = 0x2545f491;
    for (let i = 0; i < this.geneCount; i++) {
      numberBits[0] = genome[i] + 0; // −0 and 0 are one value
      hash = Math.imul(hash ^ numberWords[0], 0x85ebca6b);
      hash = Math.imul((hash << 13) ^ (hash >>> 19) ^ numberWords[1], 0xc2b2ae35);
      hash ^= hash >>> 15;
    }
    return hash;
  }
}

/** Genomes are equal where the caller's key is: for spaces in which several genomes mean one candidate. */
export class KeyIndex implements GenomeIndex {
  private readonly rows = new Map<string, number>();
  private readonly key: (genome: ArrayLike<number>) => string;

  constructor(key: (genome: ArrayLike<number>) => string) {
    this.key = key;
  }

  find(genome: ArrayLike<number>): number {
    return this.rows.get(this.key(genome)) ?? -1;
  }

  add(genome: ArrayLike<number>, row: number): void {
    this.rows.set(this.key(genome), row);
  }
}
