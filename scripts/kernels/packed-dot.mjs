/**
 * The packed-dot convolutions: tiles of `rows` pixels × 16 channels for a table of schemes. The method and the layout are in
 * assembly/packed-dot/fields.ts; here stand the numbers.
 */

import { lines } from './lines.mjs';

/** Schemes with the pixels of their tiles. */
const TILES = [
  ['w4a4', 4],
  ['w4a4', 2],
  ['w4a5', 4],
  ['w3a4', 4],
  ['w3a6', 4],
  ['w2a2', 4],
  ['w2a4', 4],
  ['w2a4', 2],
  ['w2a8', 4],
  ['w1a4', 4],
  ['w1a8', 4],
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
  const tiles = TILES.map(([scheme, rows]) => tile(scheme, rows));
  return { 'packed-dot-conv': [HEADER, ...tiles].join('\n') };
}

const HEADER = `import { Parameters } from "../inline/parameters";
import { STAGE_BYTES, convolve } from "../inline/convolve";
import { storeIntegerTile } from "../inline/tile-store";
import { packToI16 } from "../pack/to-i16";
import { highField, lowField } from "../packed-dot/fields";

// Written by scripts/kernels/packed-dot.mjs; assembly/packed-dot/fields.ts explains the method.
`;

function tile(scheme, rows) {
  const fields = packedFields(scheme);
  const name = `${scheme}_conv_${rows}x16__simd_packeddot`;
  return `/** ${describe(scheme, rows, fields)} */
@final
class ${scheme.toUpperCase()}x${rows} {
  @inline rows(): u32 { return ${rows}; }
  @inline columns(): u32 { return 16; }
  @inline step(): u32 { return 2; }
  @inline elementShift(): u32 { return 1; }
  @inline stepBytes(): u32 { return 32; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
${multiply(rows, fields)}
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeIntegerTile(block, block.scratch, pixel, ${rows}, channel, multipliers);
  }
}

export function ${name}(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToI16(block, packed);
  convolve<${scheme.toUpperCase()}x${rows}>(block, packed);
}
`;
}

function describe(scheme, rows, { shift, flushPairs, highPairs, deep }) {
  const high = deep ? `the high one every ${highPairs - (highPairs % flushPairs)}` : `the high one holds ${highPairs}`;
  return `${scheme}, ${rows} pixels: fields ${shift} bits apart, the low one drained every ${flushPairs} pairs; ${high}.`;
}

/** Pixel i has the accumulators `<letter>0` (channels 0 to 3 and 8 to 11) and `<letter>1` (4 to 7 and 12 to 15). */
const letters = 'abcdefgh';

function multiply(rows, { shift, flushPairs, highPairs, deep }) {
  const up = 32 - shift;
  const each = (write) => lines(rows, (i) => write(letters[i], i, i * 64));
  const drains = Math.floor(highPairs / flushPairs);
  return `${each((_, i) => `    let x${i} = source + load<u32>(offsets${i ? `, ${i * 4}` : ''});`)}
    let a0 = i32x4.splat(0);
    let a1 = a0;
${lines(rows - 1, (i) => `    let ${letters[i + 1]}0 = a0;\n    let ${letters[i + 1]}1 = a0;`)}
    const bias0 = v128.load(bias);
    const bias1 = v128.load(bias, 16);
    const bias2 = v128.load(bias, 32);
    const bias3 = v128.load(bias, 48);
    for (let row: usize = 0; row < ${rows * 64}; row += 64) {
      v128.store(stage + row, bias0);
      v128.store(stage + row, bias1, 16);
      v128.store(stage + row, bias2, 32);
      v128.store(stage + row, bias3, 48);
    }
    let budget: u32 = ${flushPairs};${deep ? `\n    let drains: u32 = ${drains};` : ''}
    for (; runs > 0; runs--) {
      let left = steps;
      do {
        const count = min<u32>(left, budget);
        const end = w + (count << 5);
        do {
          const w0 = v128.load(w);
          const w1 = v128.load(w, 16);
${each((n, i) => `          const p${i} = v128.load32_splat(x${i});\n${accumulate(n, i, 0)}\n${accumulate(n, i, 1)}`)}
${each((_, i) => `          x${i} += 4;`)}
          w += 32;
        } while (w < end);
        left -= count;
        budget -= count;
        if (budget == 0) {
          budget = ${flushPairs};
${each((n, _, at) => `${drain(n, 0, at, up)}\n${drain(n, 1, at + 16, up)}`)}${deep ? drainHigh(each, drains, shift) : ''}
        }
      } while (left > 0);
${each((_, i) => `      x${i} += gap;`)}
    }
${each((n, _, at) => [0, 1].map((j) => finish(`${n}${j}`, at + 16 * j, shift)).join('\n'))}`;
}

function accumulate(name, row, half) {
  const sum = `${name}${half}`;
  return `          ${sum} = i32x4.add(${sum}, i32x4.dot_i16x8_s(p${row}, w${half}));`;
}

/** Moves the low field of an accumulator to the stage; what stays is a multiple of 2^shift. */
function drain(name, half, at, up) {
  const sum = `${name}${half}`;
  return `          const l${sum} = lowField(${sum}, ${up});
          v128.store(stage, i32x4.add(v128.load(stage, ${at}), l${sum}), ${at});
          ${sum} = i32x4.sub(${sum}, l${sum});`;
}

/** After the low fields: the high ones too, every `drains` times. */
function drainHigh(each, drains, shift) {
  const move = (
    sum,
    at,
  ) => `            v128.store(stage, i32x4.add(v128.load(stage, ${at}), i32x4.shr_s(${sum}, ${shift})), ${at});
            ${sum} = i32x4.splat(0);`;
  return `
          if (--drains == 0) {
            drains = ${drains};
${each((n, _, at) => `${move(`${n}0`, at + 32)}\n${move(`${n}1`, at + 48)}`)}
          }`;
}

/** What is left in both fields, to the stage. */
function finish(sum, at, shift) {
  const up = 32 - shift;
  return `    v128.store(stage, i32x4.add(v128.load(stage, ${at}), lowField(${sum}, ${up})), ${at});
    v128.store(stage, i32x4.add(v128.load(stage, ${at + 32}), highField(${sum}, ${up}, ${shift})), ${at + 32});`;
}
