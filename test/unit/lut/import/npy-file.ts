/** The bytes of a NumPy file, version 1. */
export function npyFile(
  type: string,
  shape: readonly number[],
  values: readonly number[],
  columnMajor = false,
): Uint8Array {
  const order = columnMajor ? 'True' : 'False';
  const text = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${shape.join(', ')}), }`;
  const header = `${text.padEnd(118 - 1)}\n`;
  const bytes = new Uint8Array(10 + header.length + 8 * values.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  for (const [i, value] of values.entries()) {
    const at = 10 + header.length + 8 * i;
    if (type === '<f8') view.setFloat64(at, value, true);
    else view.setBigInt64(at, BigInt(value), true);
  }
  return bytes;
}
