/** How many elements of vectors a file may still have read: parts of it may be shared, but not without end. */
class Allowance {
  private left: number;

  constructor(fileBytes: number) {
    this.left = 2 ** 16 + 4 * fileBytes;
  }

  spend(count: number): void {
    this.left -= count;
    if (this.left < 0) throw new RangeError('vectors are read over and over');
  }
}

/**
 * Reads FlatBuffers that nobody vouches for: every access goes through a DataView, which throws a RangeError past the end,
 * and a vector's length is held against the bytes that are left, and against an allowance of the whole file, before
 * anything is made of it.
 *
 * @see https://flatbuffers.dev/internals: a table begins with the distance back to its field offsets.
 */
export class FlatTable {
  private readonly view: DataView;
  private readonly position: number;
  private readonly fields: number;
  private readonly fieldBytes: number;
  private readonly allowance: Allowance;

  private constructor(view: DataView, position: number, allowance: Allowance) {
    this.view = view;
    this.allowance = allowance;
    this.position = position;
    this.fields = position - view.getInt32(position, true);
    this.fieldBytes = view.getUint16(this.fields, true);
  }

  /** The table that a file begins with. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true), new Allowance(bytes.length));
  }

  int8(field: number, fallback = 0): number {
    const at = this.at(field);
    return at === 0 ? fallback : this.view.getInt8(at);
  }

  uint8(field: number, fallback = 0): number {
    return this.int8(field, fallback) & 255;
  }

  int32(field: number, fallback = 0): number {
    const at = this.at(field);
    return at === 0 ? fallback : this.view.getInt32(at, true);
  }

  uint32(field: number, fallback = 0): number {
    return this.int32(field, fallback) >>> 0;
  }

  float32(field: number, fallback = 0): number {
    const at = this.at(field);
    return at === 0 ? fallback : this.view.getFloat32(at, true);
  }

  table(field: number): FlatTable | undefined {
    const at = this.at(field);
    return at === 0 ? undefined : new FlatTable(this.view, at + this.view.getUint32(at, true), this.allowance);
  }

  tables(field: number): FlatTable[] {
    const { start, length } = this.spentVector(field, 4);
    return Array.from({ length }, (_, i) => {
      const at = start + 4 * i;
      return new FlatTable(this.view, at + this.view.getUint32(at, true), this.allowance);
    });
  }

  int32s(field: number): number[] {
    const { start, length } = this.spentVector(field, 4);
    return Array.from({ length }, (_, i) => this.view.getInt32(start + 4 * i, true));
  }

  float32s(field: number): number[] {
    const { start, length } = this.spentVector(field, 4);
    return Array.from({ length }, (_, i) => this.view.getFloat32(start + 4 * i, true));
  }

  /** 64-bit integers as numbers. */
  int64s(field: number): number[] {
    const { start, length } = this.spentVector(field, 8);
    return Array.from({ length }, (_, i) => Number(this.view.getBigInt64(start + 8 * i, true)));
  }

  /** A view, no copy. */
  bytes(field: number): Uint8Array {
    const { start, length } = this.vector(field, 1);
    return new Uint8Array(this.view.buffer, this.view.byteOffset + start, length);
  }

  text(field: number): string {
    const bytes = this.bytes(field);
    this.allowance.spend(bytes.length);
    return new TextDecoder('latin1').decode(bytes);
  }

  /** Where a field lies, 0 where it is absent. */
  private at(field: number): number {
    const slot = 4 + 2 * field;
    if (slot + 2 > this.fieldBytes) return 0;
    const offset = this.view.getUint16(this.fields + slot, true);
    return offset === 0 ? 0 : this.position + offset;
  }

  /** A vector whose elements are about to be read. */
  private spentVector(field: number, elementBytes: number): { start: number; length: number } {
    const vector = this.vector(field, elementBytes);
    this.allowance.spend(vector.length);
    return vector;
  }

  private vector(field: number, elementBytes: number): { start: number; length: number } {
    const at = this.at(field);
    if (at === 0) return { start: 0, length: 0 };
    const head = at + this.view.getUint32(at, true);
    const length = this.view.getUint32(head, true);
    const start = head + 4;
    if (start + length * elementBytes > this.view.byteLength) throw new RangeError('a vector ends outside the file');
    return { start, length };
  }
}
