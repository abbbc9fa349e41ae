/**
 * A set of whole numbers below a bound that finds the nearest member to either side: bits, with a bit above for every
 * word that is not empty, and so on. Every operation looks at two words a level, and a level serves 32 times as many
 * numbers as the one below.
 */
export class OrderedBits {
  private readonly levels: Int32Array[] = [];

  constructor(bound: number) {
    let size = bound;
    do {
      size = (size + 31) >>> 5;
      this.levels.push(new Int32Array(Math.max(size, 1)));
    } while (size > 1);
  }

  add(value: number): void {
    let place = value;
    for (const level of this.levels) {
      level[place >>> 5] |= 1 << (place & 31);
      place >>>= 5;
    }
  }

  remove(value: number): void {
    let place = value;
    for (const level of this.levels) {
      level[place >>> 5] &= ~(1 << (place & 31));
      if (level[place >>> 5] !== 0) return;
      place >>>= 5;
    }
  }

  /** The greatest member of at most `value`, or −1. */
  atMost(value: number): number {
    const { levels } = this;
    let place = value;
    for (let height = 0; height < levels.length; height++) {
      if (place < 0) return -1;
      const found = levels[height][place >>> 5] & (0xffffffff >>> (31 - (place & 31)));
      if (found !== 0) return this.descend((place & ~31) + 31 - Math.clz32(found), height, true);
      place = (place >>> 5) - 1;
    }
    return -1;
  }

  /** The least member of at least `value`, or −1. */
  atLeast(value: number): number {
    const { levels } = this;
    let place = value;
    for (let height = 0; height < levels.length; height++) {
      if (place >>> 5 >= levels[height].length) return -1;
      const found = levels[height][place >>> 5] & (0xffffffff << (place & 31));
      if (found !== 0) return this.descend((place & ~31) + lowestBit(found), height, false);
      place = (place >>> 5) + 1;
    }
    return -1;
  }

  /** The greatest or least member below a bit of a higher level. */
  private descend(from: number, height: number, greatest: boolean): number {
    let place = from;
    for (let level = height - 1; level >= 0; level--) {
      const word = this.levels[level][place];
      place = (place << 5) + (greatest ? 31 - Math.clz32(word) : lowestBit(word));
    }
    return place;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
