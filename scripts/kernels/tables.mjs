import { lines } from './lines.mjs';

/**
 * The kernels of assembly/table-lookup: sums of table entries in byte lanes, for `pixels` x `vectors` accumulators, where the
 * vectors are 16 channels each or, of two-bit weights, the planes of 16 channels. `maximum` is the greatest activation;
 * `flush` is how many lookups a byte lane can hold, 255 / (4 * maximum) or less.
 */
const KERNELS = [
  { name: 'w1a1_conv_4x32', pixels: 4, vectors: 2, maximum: 1, flush: 63 },
  { name: 'w1a1_conv_8x16', pixels: 8, vectors: 1, maximum: 1, flush: 63 },
  { name: 'w1a2_conv_4x32', pixels: 4, vectors: 2, maximum: 3, flush: 21 },
  { name: 'w1a2_conv_8x16', pixels: 8, vectors: 1, maximum: 3, flush: 21 },
  { name: 'w1a4_conv_4x32', pixels: 4, vectors: 2, maximum: 15, flush: 4 },
  { name: 'w1a4_conv_8x16', pixels: 8, vectors: 1, maximum: 15, flush: 4 },
  { name: 'w2a2_conv_4x16', pixels: 4, vectors: 2, maximum: 3, flush: 21, planes: true },
];

/**
 * One file a kernel and instruction set. `relaxed_swizzle` gives the same as `swizzle` for the indices that occur, 0 to 15.
 *
 * @returns {Record<string, string>}
 */
export function tables() {
  const files = KERNELS.flatMap((kernel) =>
    ['simd', 'relaxed'].map((isa) => [`tables-${kernel.name.replaceAll('_', '-')}-${isa}`, sourceOf(kernel, isa)]),
  );
  return Object.fromEntries(files);
}

function sourceOf(kernel, isa) {
  const { name, maximum, planes } = kernel;
  return `import { Parameters } from "../inline/parameters";
import { convolveByTables } from "../table-lookup/convolve";

/** Written by scripts/kernels/tables.mjs; assembly/table-lookup/convolve.ts says what it does. */
${tileOf(kernel, isa === 'relaxed')}

export function ${name}__${isa}_tables(block: Parameters): void {
  convolveByTables<Tile>(block, ${maximum}, ${!planes});
}
`;
}

function tileOf(tile, relaxed) {
  const { pixels, vectors, flush } = tile;
  const stepBytes = vectors * 16;
  const all = accumulatorsOf(tile);
  return `@final
class Tile {
  @inline rows(): u32 { return ${pixels}; }
  @inline columns(): u32 { return ${groupsOf(tile) * 16}; }
  @inline stepBytes(): u32 { return ${stepBytes}; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, sums: usize, runs: u32, gap: usize, steps: u32): void {
    const none = i8x16.splat(0);
    const once = runs * steps < ${flush};
    if (!once) {
${lines(pixels * groupsOf(tile) * 2, (i) => `      v128.store(sums, none, ${i * 16});`)}
    }
${lines(pixels, (p) => `    let x${p} = source + load<u32>(offsets${p ? `, ${p * 4}` : ''});`)}
${all.map((s) => `    let ${s} = none;`).join('\n')}
    let budget: u32 = ${flush};
    for (; runs > 0; runs--) {
      let left = steps;
      do {
        const count = min(left, budget);
        const end = w + count * ${stepBytes};
        do {
${stepOf(tile, relaxed)}
${lines(pixels, (p) => `          x${p} += 16;`)}
          w += ${stepBytes};
        } while (w < end);
        left -= count;
        budget -= count;
        if (budget == 0) {
          budget = ${flush};
${flushOf(tile, '          ', true)}
${all.map((s) => `          ${s} = none;`).join('\n')}
        }
      } while (left > 0);
${lines(pixels, (p) => `      x${p} += gap;`)}
    }
    if (once) {
${flushOf(tile, '      ', false)}
    } else {
${flushOf(tile, '      ', true)}
    }
  }
}`;
}

/** Groups of 16 channels: a vector of byte lanes each, or one a plane. */
function groupsOf({ vectors, planes }) {
  return planes ? 1 : vectors;
}

/** Names of the byte lanes: pixel, then vector. */
function accumulatorsOf({ pixels, vectors }) {
  return Array.from({ length: pixels * vectors }, (_, i) => `s${Math.floor(i / vectors)}${i % vectors}`);
}

/** One step: an index vector for each 16 channels or plane, a table for each pixel. */
function stepOf({ pixels, vectors }, relaxed) {
  const lookUp = relaxed ? 'i8x16.relaxed_swizzle' : 'i8x16.swizzle';
  const at = (bytes) => (bytes ? `, ${bytes}` : '');
  const indices = lines(vectors, (v) => `          const i${v} = v128.load(w${at(v * 16)});`);
  const pixel = (p) =>
    `          const t${p} = v128.load(x${p});\n${lines(vectors, (v) => `          s${p}${v} = i8x16.add(s${p}${v}, ${lookUp}(t${p}, i${v}));`)}`;
  return `${indices}\n${lines(pixels, pixel)}`;
}

/** Brings the bytes to their 16-bit sums (see assembly/table-lookup/sums.ts), adding to them or writing them anew. */
function flushOf(tile, indent, adds) {
  const names = accumulatorsOf(tile);
  const put = (value, at) =>
    `${indent}v128.store(sums, ${adds ? `i16x8.add(v128.load(sums, ${at}), ${value})` : value}, ${at});`;
  if (!tile.planes) {
    return names.map((s, i) => `${put(s, i * 32)}\n${put(`i16x8.shr_u(${s}, 8)`, i * 32 + 16)}`).join('\n');
  }
  return lines(tile.pixels, (p) => {
    const [one, two] = [names[2 * p], names[2 * p + 1]];
    const both = `i16x8.sub(${one}, i16x8.shl(${two}, 1))`;
    const upper = `i16x8.sub(i16x8.shr_u(${one}, 8), i16x8.shl(i16x8.shr_u(${two}, 8), 1))`;
    return `${put(both, p * 32)}\n${put(upper, p * 32 + 16)}`;
  });
}
