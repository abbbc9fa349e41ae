/**
 * The packed-dot convolutions: tiles of `rows` pixels × 8 or 16 channels for a table of schemes. The method and the layout are in
 * assembly/packed-dot/fields.ts; here stand the numbers.
 */

import { lines } from './lines.mjs';

/** Schemes with the pixels and channels of their tiles. */
const TILES = [
  ['w4a4', 4, 16],
  ['w4a4', 2, 16],
  ['w4a4', 8, 8],
  ['w4a5', 4, 16],
  ['w3a4', 4, 16],
  ['w3a6', 4, 16],
  ['w2a2', 4, 16],
  ['w2a4', 4, 16],
  ['w2a4', 2, 16],
  ['w2a4', 8, 8],
  ['w2a8', 4, 16],
  ['w1a4', 4, 16],
  ['w1a8', 4, 16],
];

/** Layers as deep as this should run: 3 × 3 of 512 channels. Where the high field cannot hold that, it is drained too. */
const DEEPEST_INNER_SIZE = 4608;

/**
 * The numbers of a scheme; `packedFields` in src/kernels/families/packed-fields.ts has the derivation, and a test
 * compares the two.
 */
export function packedFields(scheme) {
  const [, w, a] = /^w(\d)a(\d)$/.exec(scheme).map(Number);
  const high = w <= 2 ? 1 : 2 ** (w - 1) - 1;
  const low = w === 2 ? -2 : -high;
  let shift = 15;
  while (low * (2 ** shift + 1) < -(2 ** 15) || high * (2 ** shift + 1) > 2 ** 15 - 1) shift--;
  const half = 2 ** (a - 1);
  const centre = -low > high ? half - 1 : half;
  const [least, greatest] = [-centre, 2 * half - 1 - centre];
  const products = [least * low, least * high, greatest * low, greatest * high];
  const pairs = (bits) =>
    Math.floor(
      Math.min(2 ** (bits - 1) / (-2 * Math.min(...products)), (2 ** (bits - 1) - 1) / (2 * Math.max(...products))),
    );
  const flushPairs = pairs(shift);
  const highPairs = pairs(32 - shift);
  return { shift, centre, flushPairs, highPairs, deep: 2 * highPairs < DEEPEST_INNER_SIZE };
}

/** Text of assembly/generated/packed-dot-conv.ts. */
export function packedDot() {
  const tiles = TILES.map(([scheme, rows, columns]) => tile(scheme, rows, columns));
  return { 'packed-dot-conv': [HEADER, ...tiles].join('\n') };
}

const HEADER = `import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { storeIntegerTile } from "../inline/tile-store";
import { packToI16 } from "../pack/to-i16";
import { highField, lowField } from "../packed-dot/fields";
import { storeNarrowTile } from "../packed-dot/store";

// Written by scripts/kernels/packed-dot.mjs; assembly/packed-dot/fields.ts explains the method.
`;

function tile(scheme, rows, columns) {
  const fields = packedFields(scheme);
  const size = `${rows}x${columns}`;
  const name = `${scheme.toUpperCase()}_${size}`;
  const store = columns === 16 ? 'storeIntegerTile' : 'storeNarrowTile';
  return `/** ${describe(scheme, size, fields)} */
@final
class ${name} {
  @inline rows(): u32 { return ${rows}; }
  @inline columns(): u32 { return ${columns}; }
  @inline step(): u32 { return 2; }
  @inline elementShift(): u32 { return 1; }
  @inline stepBytes(): u32 { return ${2 * columns}; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
${multiply(rows, columns / 8, fields)}
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    ${store}(block, block.scratch, pixel, ${rows}, channel, multipliers);
  }
}

export function ${scheme}_conv_${size}__simd_packeddot(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  convolve<${name}>(block, packed);
}
`;
}

function describe(scheme, size, { shift, flushPairs, highPairs, deep }) {
  const high = deep ? `the high one every ${highPairs - (highPairs % flushPairs)}` : `the high one holds ${highPairs}`;
  return `${scheme}, ${size}: fields ${shift} bits apart, the low one drained every ${flushPairs} pairs; ${high}.`;
}

/** Pixel i has the accumulators `<letter>0` (and `<letter>1`), each of 4 channels in its low fields and 4 in its high ones. */
const letters = 'abcdefgh';

function multiply(rows, vectors, { shift, flushPairs, highPairs, deep }) {
  const up = 32 - shift;
  const rowBytes = vectors * 32;
  const each = (write) =>
    lines(rows, (i) => lines(vectors, (j) => write(`${letters[i]}${j}`, i * rowBytes + j * 16, i, j)));
  const eachRow = (write) => lines(rows, write);
  const toHigh = vectors * 16;
  const drains = Math.floor(highPairs / flushPairs);
  // the stage only holds what is drained: high fields that are not get their bias at the end
  const started = deep ? 2 * vectors : vectors;
  const rest = deep ? '' : `${lines(vectors, (j) => `    const high${j} = v128.load(bias, ${toHigh + 16 * j});`)}\n`;
  return `${eachRow((i) => `    let x${i} = source + load<u32>(offsets${i ? `, ${i * 4}` : ''});`)}
${each((sum) => `    let ${sum} = i32x4.splat(0);`)}
${lines(started, (i) => `    const bias${i} = v128.load(bias${i ? `, ${i * 16}` : ''});`)}
    for (let row: usize = 0; row < ${rows * rowBytes}; row += ${rowBytes}) {
${lines(started, (i) => `      v128.store(stage + row, bias${i}${i ? `, ${i * 16}` : ''});`)}
    }
    let budget: u32 = ${flushPairs};${deep ? `\n    let drains: u32 = ${drains};` : ''}
    for (; runs > 0; runs--) {
      let left = steps;
      do {
        const count = min<u32>(left, budget);
        const end = w + (count << ${vectors === 2 ? 5 : 4});
        do {
${lines(vectors, (j) => `          const w${j} = v128.load(w${j ? `, ${j * 16}` : ''});`)}
${eachRow((i) => `          const p${i} = v128.load32_splat(x${i});\n${lines(vectors, (j) => accumulate(i, j))}`)}
${eachRow((i) => `          x${i} += 4;`)}
          w += ${vectors * 16};
        } while (w < end);
        left -= count;
        budget -= count;
        if (budget == 0) {
          budget = ${flushPairs};
${each((sum, at) => drain(sum, at, up))}${deep ? drainHigh(each, toHigh, drains, shift) : ''}
        }
      } while (left > 0);
${eachRow((i) => `      x${i} += gap;`)}
    }
${rest}${each((sum, at, _, j) => finish(sum, at, at + toHigh, deep ? undefined : `high${j}`, shift))}`;
}

function accumulate(row, vector) {
  const sum = `${letters[row]}${vector}`;
  return `          ${sum} = i32x4.add(${sum}, i32x4.dot_i16x8_s(p${row}, w${vector}));`;
}

/** Moves the low field of an accumulator to the stage; what stays is a multiple of 2^shift. */
function drain(sum, at, up) {
  return `          const l${sum} = lowField(${sum}, ${up});
          v128.store(stage, i32x4.add(v128.load(stage, ${at}), l${sum}), ${at});
          ${sum} = i32x4.sub(${sum}, l${sum});`;
}

/** After the low fields: the high ones too, every `drains` times. */
function drainHigh(each, toHigh, drains, shift) {
  const move = (
    sum,
    at,
  ) => `            v128.store(stage, i32x4.add(v128.load(stage, ${at}), i32x4.shr_s(${sum}, ${shift})), ${at});
            ${sum} = i32x4.splat(0);`;
  return `
          if (--drains == 0) {
            drains = ${drains};
${each((sum, at) => move(sum, at + toHigh))}
          }`;
}

/** What is left in both fields, to the stage. */
function finish(sum, at, atHigh, highBias, shift) {
  const up = 32 - shift;
  const before = highBias ?? `v128.load(stage, ${atHigh})`;
  return `    v128.store(stage, i32x4.add(v128.load(stage, ${at}), lowField(${sum}, ${up})), ${at});
    v128.store(stage, i32x4.add(${before}, highField(${sum}, ${up}, ${shift})), ${atHigh});`;
}
