/**
 * Turns a module that imports a memory into one that imports a shared one: kernels for threads. Nothing else changes, not
 * one instruction of the code, so both forms have the same kernel hashes.
 */

const IMPORT_SECTION = 2;
const MEMORY_IMPORT = 2;
/** Limits of a memory: a flag, then the least number of pages. Shared memories also say the greatest. */
const UNBOUNDED = 0;
const SHARED = 3;
/** 4 GiB: whoever makes the memory may say less. */
const MAXIMUM_PAGES = 65536;

/**
 * @param {Uint8Array} wasm with exactly one import, a memory without an upper bound.
 * @returns {Uint8Array}
 */
export function withSharedMemory(wasm) {
  for (let at = 8; at < wasm.length; ) {
    const start = at;
    const section = wasm[at++];
    const size = readUnsigned(wasm, at);
    const end = size.next + size.value;
    if (section === IMPORT_SECTION) {
      const body = sharedImport(wasm.subarray(size.next, end));
      return Uint8Array.from([
        ...wasm.subarray(0, start),
        ...[IMPORT_SECTION, ...unsigned(body.length), ...body],
        ...wasm.subarray(end),
      ]);
    }
    at = end;
  }
  throw new Error('The module imports nothing.');
}

/** The import section's content: a count, then module name, field name, kind and limits of each import. */
function sharedImport(body) {
  let at = 1;
  for (let names = 0; names < 2; names++) {
    const length = readUnsigned(body, at);
    at = length.next + length.value;
  }
  const least = readUnsigned(body, at + 2);
  const expected = body[0] === 1 && body[at] === MEMORY_IMPORT && body[at + 1] === UNBOUNDED;
  if (!expected || least.next !== body.length) throw new Error('The module imports something else than one memory.');
  return [...body.subarray(0, at + 1), SHARED, ...unsigned(least.value), ...unsigned(MAXIMUM_PAGES)];
}

/** LEB128. */
function readUnsigned(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at };
  }
}

function unsigned(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}
