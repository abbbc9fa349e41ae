import { halfToNumber } from '../../half.ts';
import { damagedModel, printable } from '../failures.ts';
import { countElements, LIMITS } from '../limits.ts';
import type { WireMessage } from './wire.ts';

/** Element types that are read, by their number in TensorProto.DataType. */
export const ELEMENT_TYPES: Readonly<Record<number, string>> = {
  ...{ 1: 'float', 2: 'uint8', 3: 'int8', 5: 'int16', 6: 'int32', 7: 'int64', 9: 'bool', 10: 'float16', 11: 'double' },
};

const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  ...{ float: 4, uint8: 1, int8: 1, int16: 2, int32: 4, int64: 8, bool: 1, float16: 2, double: 8 },
};

/** A constant. */
export interface OnnxTensor {
  name: string;
  type: string;
  dims: number[];
  values: Float32Array | Float64Array;
}

/**
 * Reads a TensorProto.
 *
 * @throws {BitbudgetError} `damaged-file` for another number of values than its sizes say, or a type that is not read.
 */
export function readTensor(message: WireMessage, source: string): OnnxTensor {
  const name = message.text(8);
  const dims = message.ints(1, LIMITS.rank);
  const type = ELEMENT_TYPES[message.int(2)];
  const label = `"${printable(name)}"`;
  if (type === undefined)
    throw damagedModel(source, `holds the constant ${label} of an element type that is not read (${message.int(2)})`);
  if (message.int(14) !== 0 || message.has(13)) {
    throw damagedModel(source, `keeps the constant ${label} in another file; save the model with its data inside`);
  }
  const count = dims.includes(0) ? 0 : countElements(source, dims);
  const values = message.has(9) ? readRaw(message.bytes(9), type) : readTyped(message, type, count);
  if (values?.length !== count) {
    throw damagedModel(source, `holds ${values?.length ?? 0} values of ${label} instead of ${count}`);
  }
  return { name, type, dims, values };
}

function readRaw(bytes: Uint8Array, type: string): OnnxTensor['values'] | undefined {
  const width = ELEMENT_BYTES[type];
  if (bytes.length % width !== 0) return undefined;
  const length = bytes.length / width;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (of: (at: number) => number) => Float64Array.from({ length }, (_, i) => of(i * width));
  switch (type) {
    case 'float':
      return Float32Array.from({ length }, (_, i) => view.getFloat32(i * 4, true));
    case 'double':
      return read((at) => view.getFloat64(at, true));
    case 'float16':
      return read((at) => halfToNumber(view.getUint16(at, true)));
    case 'int64':
      return read((at) => Number(view.getBigInt64(at, true)));
    case 'int32':
      return read((at) => view.getInt32(at, true));
    case 'int16':
      return read((at) => view.getInt16(at, true));
    case 'int8':
      return read((at) => view.getInt8(at));
    default:
      return read((at) => view.getUint8(at));
  }
}

function readTyped(message: WireMessage, type: string, count: number): OnnxTensor['values'] {
  if (type === 'float') return Float32Array.from(message.floats(4, count));
  if (type === 'double') return Float64Array.from(message.doubles(10, count));
  if (type === 'int64') return Float64Array.from(message.ints(7, count));
  const integers = message.ints(5, count);
  return Float64Array.from(type === 'float16' ? integers.map(halfToNumber) : integers);
}
