import { lines } from './lines.mjs';

/**
 * The tiles of assembly/table-lookup: sums of table entries in byte lanes, for `pixels` x `vectors` accumulators.
 *
 * `flush` is how many lookups a byte lane can hold (255 / greatest entry), `unroll` divides it; `relaxed` takes
 * `relaxed_swizzle`, which gives the same for the indices that occur: 0 to 15, and 0x80 where there is nothing to look up.
 */
const TILES = [
  { name: 'Signs1Tile4x32', pixels: 4, vectors: 2, flush: 60, unroll: 1 },
  { name: 'Signs1Tile8x16', pixels: 8, vectors: 1, flush: 60, unroll: 1 },
  { name: 'Signs2Tile4x32', pixels: 4, vectors: 2, flush: 20, unroll: 1 },
  { name: 'Signs2Tile8x16', pixels: 8, vectors: 1, flush: 20, unroll: 1 },
  { name: 'Signs4Tile4x32', pixels: 4, vectors: 2, flush: 4, unroll: 1 },
  { name: 'Signs4Tile8x16', pixels: 8, vectors: 1, flush: 4, unroll: 1 },
  { name: 'Planes2Tile4x16', pixels: 4, vectors: 2, flush: 20, unroll: 1, planes: true },
];

/** @returns {Record<string, string>} */
export function tables() {
  return { 'table-lookup': sourceOf(TILES, false), 'table-lookup-relaxed': sourceOf(TILES, true) };
}

function sourceOf(tiles, relaxed) {
  return `import { Parameters } from "../inline/parameters";
import { storeSums } from "../table-lookup/store";
import { SUMS_AT } from "../table-lookup/sums";

/** Tiles of \`convolveByTables\`, written by scripts/kernels/tables.mjs. */

${tiles.map((tile) => classOf(tile, relaxed)).join('\n\n')}
`;
}

function classOf(tile, relaxed) {
  const { name, pixels, vectors, flush, unroll } = tile;
  const stepBytes = vectors * 16;
  const all = accumulatorsOf(tile);
  return `@final
export class ${name} {
  @inline rows(): u32 { return ${pixels}; }
  @inline columns(): u32 { return ${groupsOf(tile) * 16}; }
  @inline stepBytes(): u32 { return ${stepBytes}; }
  @inline unroll(): u32 { return ${unroll}; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, scratch: usize, runs: u32, gap: usize, steps: u32): void {
    const none = i8x16.splat(0);
    const sums = scratch + SUMS_AT;
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
${lines(unroll, (u) => stepOf(tile, relaxed, u))}
${lines(pixels, (p) => `          x${p} += ${unroll * 16};`)}
          w += ${unroll * stepBytes};
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

  @inline
  store(block: Parameters, pixel: u32, channel: u32, constants: usize): void {
    storeSums(block, pixel, ${pixels}, channel, ${groupsOf(tile)}, constants);
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
function stepOf({ pixels, vectors }, relaxed, u) {
  const lookUp = relaxed ? 'i8x16.relaxed_swizzle' : 'i8x16.swizzle';
  const at = (bytes) => (bytes ? `, ${bytes}` : '');
  const indices = lines(vectors, (v) => `          const i${u}${v} = v128.load(w${at((u * vectors + v) * 16)});`);
  const pixel = (p) =>
    `          const t${u}${p} = v128.load(x${p}${at(u * 16)});\n${lines(vectors, (v) => `          s${p}${v} = i8x16.add(s${p}${v}, ${lookUp}(t${u}${p}, i${u}${v}));`)}`;
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
