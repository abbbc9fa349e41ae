/** One occurrence of a field: the number of a varint or fixed field, or the bytes of a length-delimited one. */
type Occurrence = { varint: bigint } | { fixed32: number } | { fixed64: DataView } | { bytes: Uint8Array };

/** Fields of one message, and numbers that are written one by one: what is listed at length is packed. */
const MOST_FIELDS = 2 ** 20;

/**
 * A protobuf message that nobody vouches for, taken apart one level at a time: no schema, no recursion, views instead of
 * copies. Reading past the end or a wire type that does not exist throws a RangeError.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class WireMessage {
  private readonly fields = new Map<number, Occurrence[]>();

  constructor(bytes: Uint8Array) {
    const reader = new WireReader(bytes);
    for (let count = 1; !reader.done; count++) {
      if (count > MOST_FIELDS) throw new RangeError(`a message of more than ${MOST_FIELDS} fields`);
      const tag = Number(reader.varint());
      const field = Math.floor(tag / 8);
      const occurrence = reader.occurrence(tag % 8);
      const known = this.fields.get(field);
      if (known) known.push(occurrence);
      else this.fields.set(field, [occurrence]);
    }
  }

  has(field: number): boolean {
    return this.fields.has(field);
  }

  /** How often a field occurs. */
  count(field: number): number {
    return this.fields.get(field)?.length ?? 0;
  }

  /** A signed integer; the last one wins. */
  int(field: number, fallback = 0): number {
    const last = this.fields.get(field)?.at(-1);
    return last && 'varint' in last ? signed(last.varint) : fallback;
  }

  float(field: number, fallback = 0): number {
    const last = this.fields.get(field)?.at(-1);
    return last && 'fixed32' in last ? last.fixed32 : fallback;
  }

  bytes(field: number): Uint8Array {
    const last = this.fields.get(field)?.at(-1);
    return last && 'bytes' in last ? last.bytes : new Uint8Array(0);
  }

  text(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }

  texts(field: number): string[] {
    return this.all(field).map((bytes) => new TextDecoder().decode(bytes));
  }

  messages(field: number): WireMessage[] {
    return this.all(field).map((bytes) => new WireMessage(bytes));
  }

  message(field: number): WireMessage | undefined {
    return this.all(field)
      .slice(-1)
      .map((bytes) => new WireMessage(bytes))[0];
  }

  /**
   * Repeated integers, packed or one by one.
   *
   * @throws {RangeError} for more than `most` of them.
   */
  ints(field: number, most = MOST_FIELDS): number[] {
    const numbers: number[] = [];
    const add = (varint: bigint) => {
      if (numbers.push(signed(varint)) > most) throw new RangeError(`a list of more than ${most} numbers`);
    };
    for (const occurrence of this.fields.get(field) ?? []) {
      if ('varint' in occurrence) add(occurrence.varint);
      else if ('bytes' in occurrence) {
        const reader = new WireReader(occurrence.bytes);
        while (!reader.done) add(reader.varint());
      }
    }
    return numbers;
  }

  /** Repeated single-precision numbers, packed or one by one. */
  floats(field: number, most = MOST_FIELDS): number[] {
    return this.fixed(field, 4, most, (view, at) => view.getFloat32(at, true));
  }

  /** Repeated double-precision numbers. */
  doubles(field: number, most = MOST_FIELDS): number[] {
    return this.fixed(field, 8, most, (view, at) => view.getFloat64(at, true));
  }

  private fixed(field: number, width: 4 | 8, most: number, read: (view: DataView, at: number) => number): number[] {
    const numbers: number[] = [];
    for (const occurrence of this.fields.get(field) ?? []) {
      if ('fixed32' in occurrence) numbers.push(occurrence.fixed32);
      else if ('fixed64' in occurrence) numbers.push(read(occurrence.fixed64, 0));
      else if ('bytes' in occurrence) {
        const { buffer, byteOffset, byteLength } = occurrence.bytes;
        if (byteLength / width > most) throw new RangeError(`a list of more than ${most} numbers`);
        const view = new DataView(buffer, byteOffset, byteLength);
        for (let at = 0; at < byteLength; at += width) numbers.push(read(view, at));
      }
      if (numbers.length > most) throw new RangeError(`a list of more than ${most} numbers`);
    }
    return numbers;
  }

  private all(field: number): Uint8Array[] {
    return (this.fields.get(field) ?? []).flatMap((occurrence) => ('bytes' in occurrence ? [occurrence.bytes] : []));
  }
}

class WireReader {
  private readonly data: Uint8Array;
  private readonly view: DataView;
  private position = 0;

  constructor(data: Uint8Array) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get done(): boolean {
    return this.position >= this.data.length;
  }

  varint(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.view.getUint8(this.position++);
      low |= (byte & 127) << shift;
      if (byte < 128) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.view.getUint8(this.position++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a varint of more than ten bytes');
  }

  occurrence(wireType: number): Occurrence {
    switch (wireType) {
      case 0:
        return { varint: this.varint() };
      case 1: {
        const { buffer, byteOffset } = this.take(8);
        return { fixed64: new DataView(buffer, byteOffset, 8) };
      }
      case 2:
        return { bytes: this.take(Number(this.varint())) };
      case 5: {
        this.position += 4;
        return { fixed32: this.view.getFloat32(this.position - 4, true) };
      }
      default:
        throw new RangeError(`wire type ${wireType}`);
    }
  }

  private take(length: number): Uint8Array {
    if (length > this.data.length - this.position) throw new RangeError('a field ends outside the file');
    this.position += length;
    return this.data.subarray(this.position - length, this.position);
  }
}

function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}
