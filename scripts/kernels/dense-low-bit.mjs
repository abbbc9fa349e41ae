/**
 * Dense layers by tables of activations: one tile of 32 channels for each scheme. The method, the layout and the bounds are
 * in assembly/dense-low-bit/tables.ts.
 */

import { lines } from './lines.mjs';

const SCHEMES = ['w1a2', 'w1a4', 'w1a8', 'w2a2', 'w2a4', 'w2a8'];

/** Texts of assembly/generated/dense-tables-simd.ts and -relaxed.ts, which look entries up by one instruction instead of two. */
export function denseTables() {
  const text = (isa) => [HEADER, ...SCHEMES.map((scheme) => tile(scheme, isa))].join('\n');
  return { 'dense-tables-simd': text('simd'), 'dense-tables-relaxed': text('relaxed') };
}

const HEADER = `import { Parameters } from "../inline/parameters";
import { convolve } from "../inline/convolve";
import { NIBBLE, SUM, addHigh, addLow, buildTables, storeTile } from "../dense-low-bit/tables";

// Written by scripts/kernels/dense-low-bit.mjs; assembly/dense-low-bit/tables.ts explains the method.
`;

function tile(scheme, isa) {
  const [, planes, activationBits] = /^w(\d)a(\d)$/.exec(scheme).map(Number);
  const halves = activationBits > 4 ? 2 : 1;
  const flush = Math.floor(255 / (4 * (2 ** (activationBits / halves) - 1)));
  const name = scheme.toUpperCase();
  return `/** ${scheme}: ${planes} bit plane${planes > 1 ? 's' : ''}, ${halves} table${halves > 1 ? 's' : ''} for four activations, bytes emptied every ${flush} steps. */
@final
class ${name} {
  @inline rows(): u32 { return 1; }
  @inline columns(): u32 { return 32; }
  @inline step(): u32 { return 4; }
  @inline elementShift(): u32 { return 1; }
  @inline stepBytes(): u32 { return ${16 * planes}; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, bias: usize, stage: usize, runs: u32, gap: usize, steps: u32): void {
${multiply(planes, halves, flush, isa === 'relaxed' ? 'relaxed_swizzle' : 'swizzle')}
  }

  @inline
  store(block: Parameters, pixel: u32, channel: u32, multipliers: usize): void {
    storeTile(block, pixel, channel, multipliers);
  }
}

export function ${scheme}_dense_1x32__${isa}_tables(block: Parameters): void {
  convolve<${name}>(block, buildTables(block, ${halves > 1}));
}
`;
}

/**
 * Names: a and b are the two halves of the channels, the first digit the plane, the second the table; four 16-bit vectors
 * \`s..0\` to \`s..3\` hold the 32 channels of each pair.
 */
function multiply(planes, halves, flush, swizzle) {
  const pairs = [];
  for (let plane = 0; plane < planes; plane++) for (let half = 0; half < halves; half++) pairs.push([plane, half]);
  const ids = pairs.map(([plane, half]) => `${plane}${half}`);
  const bytes = ids.flatMap((id) => [`a${id}`, `b${id}`]);
  const sums = ids.flatMap((id) => [0, 1, 2, 3].map((i) => `s${id}_${i}`));
  return `    const low = v128.load(stage, NIBBLE);
    const zero = i8x16.splat(0);
${sums.map((name) => `    let ${name} = zero;`).join('\n')}
    const last = w + steps * ${16 * planes};
    do {
${bytes.map((name) => `      let ${name} = zero;`).join('\n')}
      const end = min<usize>(w + ${flush * 16 * planes}, last);
      do {
${lines(halves, (i) => `        const t${i} = v128.load(source${i ? ', 16' : ''});`)}
${lines(planes, (plane) => lookUp(plane, halves, swizzle))}
        source += ${16 * halves};
        w += ${16 * planes};
      } while (w < end);
${ids.map(widen).join('\n')}
    } while (w < last);
${finish(planes, halves)}`;
}

function lookUp(plane, halves, swizzle) {
  const add = (name, half, index) =>
    `        ${name}${plane}${half} = i8x16.add(${name}${plane}${half}, i8x16.${swizzle}(t${half}, ${index}${plane}));`;
  return `        const w${plane} = v128.load(w${plane ? ', 16' : ''});
        const i${plane} = v128.and(w${plane}, low);
${lines(halves, (half) => add('a', half, 'i'))}
        const j${plane} = v128.and(i16x8.shr_u(w${plane}, 4), low);
${lines(halves, (half) => add('b', half, 'j'))}`;
}

function widen(id) {
  return `      s${id}_0 = addLow(s${id}_0, a${id});
      s${id}_1 = addHigh(s${id}_1, a${id});
      s${id}_2 = addLow(s${id}_2, b${id});
      s${id}_3 = addHigh(s${id}_3, b${id});`;
}

/** 32 accumulators to the stage: 2 S - sum q for one plane, S0 - 2 S1 for two. */
function finish(planes, halves) {
  const write = (vector, part) => {
    const at = vector * 32 + (part === 'high' ? 16 : 0);
    const widened = (plane, half) => `i32x4.extend_${part}_i16x8_u(s${plane}${half}_${vector})`;
    const sum = (plane) =>
      halves === 1 ? widened(plane, 0) : `i32x4.add(${widened(plane, 0)}, i32x4.shl(${widened(plane, 1)}, 4))`;
    const value =
      planes === 1 ? `i32x4.sub(i32x4.shl(${sum(0)}, 1), sumOfAll)` : `i32x4.sub(${sum(0)}, i32x4.shl(${sum(1)}, 1))`;
    return `    v128.store(stage, i32x4.add(v128.load(bias, ${at}), ${value}), ${at});`;
  };
  const all = lines(4, (vector) => `${write(vector, 'low')}\n${write(vector, 'high')}`);
  return planes === 1 ? `    const sumOfAll = v128.load(stage, SUM);\n${all}` : all;
}
