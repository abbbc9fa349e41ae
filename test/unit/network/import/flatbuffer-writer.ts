/** A value of a FlatBuffers table's field. */
export type FlatField =
  | { int8: number }
  | { int32: number }
  | { float32: number }
  | { text: string }
  | { bytes: Uint8Array }
  | { int32s: readonly number[] }
  | { float32s: readonly number[] }
  | { int64s: readonly number[] }
  | { table: FlatFields }
  | { tables: readonly FlatFields[] };

/** Fields by their number in the schema. */
export type FlatFields = Readonly<Record<number, FlatField>>;

/** Writes FlatBuffers for tests: each table first, what it points to behind it. */
class FlatWriter {
  private readonly bytes: number[] = [];

  file(root: FlatFields, identifier: string): Uint8Array {
    this.uint32(0);
    this.bytes.push(...new TextEncoder().encode(identifier));
    this.point(0, this.table(root));
    return Uint8Array.from(this.bytes);
  }

  private table(fields: FlatFields): number {
    const slots = Math.max(-1, ...Object.keys(fields).map(Number)) + 1;
    const start = this.bytes.length;
    this.uint16(4 + 2 * slots);
    this.uint16(4 + 4 * slots);
    for (let slot = 0; slot < slots; slot++) this.uint16(slot in fields ? 4 + 4 * slot : 0);
    const table = this.bytes.length;
    this.uint32(table - start);
    for (let slot = 0; slot < slots; slot++) this.uint32(0);
    for (const [slot, field] of Object.entries(fields)) this.field(table + 4 + 4 * Number(slot), field);
    return table;
  }

  private field(at: number, field: FlatField): void {
    if ('int8' in field) this.bytes[at] = field.int8 & 255;
    else if ('int32' in field) this.patch(at, field.int32);
    else if ('float32' in field) this.patch(at, new Int32Array(Float32Array.of(field.float32).buffer)[0]);
    else if ('table' in field) this.point(at, this.table(field.table));
    else this.point(at, this.vector(field));
  }

  private vector(
    field: Exclude<FlatField, { int8: number } | { int32: number } | { float32: number } | { table: FlatFields }>,
  ) {
    const start = this.bytes.length;
    if ('tables' in field) {
      this.uint32(field.tables.length);
      for (const _ of field.tables) this.uint32(0);
      for (const [i, fields] of field.tables.entries()) this.point(start + 4 + 4 * i, this.table(fields));
      return start;
    }
    const content =
      'text' in field
        ? new TextEncoder().encode(field.text)
        : 'bytes' in field
          ? field.bytes
          : new Uint8Array(
              'int32s' in field
                ? Int32Array.from(field.int32s).buffer
                : 'float32s' in field
                  ? Float32Array.from(field.float32s).buffer
                  : BigInt64Array.from(field.int64s, BigInt).buffer,
            );
    const width = 'int64s' in field ? 8 : 'int32s' in field || 'float32s' in field ? 4 : 1;
    this.uint32(content.length / width);
    for (const byte of content) this.bytes.push(byte);
    return start;
  }

  private point(at: number, target: number): void {
    this.patch(at, target - at);
  }

  private patch(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = (value >> (8 * i)) & 255;
  }

  private uint16(value: number): void {
    this.bytes.push(value & 255, value >> 8);
  }

  private uint32(value: number): void {
    this.bytes.push(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
  }
}

/** A FlatBuffers file with an identifier behind its first offset. */
export function writeFlatBuffer(root: FlatFields, identifier: string): Uint8Array {
  return new FlatWriter().file(root, identifier);
}
