/**
 * Direct convolution and fully connected layers by register tiles: classes for the drivers in assembly/f32/convolve-reals.ts
 * and, for integers, assembly/inline/convolve-strips.ts.
 * A tile is `rows` pixels × `columns` channels; its accumulators live in registers, four channels a vector.
 */

import { lines } from './lines.mjs';

/** What a kind of arithmetic loads, sums and steps by. `step` elements of 2^elementShift bytes are taken at a time. */
const KINDS = {
  f32: {
    doc: 'Multiplication and addition apart, in the fixed order ky, kx, channel starting at the bias: the bits of the reference.',
    ...{ step: 1, elementShift: 2, pack: 'packToF32', packFile: '../pack/to-f32', store: 'real', load: 'load32_splat' },
    sum: (a, x, w) => `f32x4.add(${a}, f32x4.mul(${x}, ${w}))`,
  },
  fma: {
    doc: 'Multiplication and addition fused where the processor can: a rounding less a product than the reference.',
    ...{ step: 1, elementShift: 2, pack: 'packToF32', packFile: '../pack/to-f32', store: 'real', load: 'load32_splat' },
    sum: (a, x, w) => `f32x4.relaxed_madd(${x}, ${w}, ${a})`,
  },
  dot: {
    doc: `By the dot product of i16 pairs. Activations i16 in [-255, 255] (zero point taken off), weights widened to i16 in
 * [-127, 127] and stored so that one vector holds a k-pair of 4 channels:
 *   weights     | c0 k0 | c0 k1 | c1 k0 | c1 k1 | c2 k0 | c2 k1 | c3 k0 | c3 k1 |
 *   activation  |  x k0 |  x k1 |  x k0 |  x k1 |  ... one pixel's pair, splat  |
 * A pair is at most 2 * 255 * 127; the sum fits int32 while K * 255 * 127 <= 2^31 - 1, that is K <= 66,311 (\`supports\`),
 * for biases that leave it room; intermediate wrap-around would be harmless.`,
    ...{
      step: 2,
      elementShift: 1,
      pack: 'packToI16',
      packFile: '../pack/to-i16',
      store: 'integer',
      load: 'load32_splat',
    },
    sum: (a, x, w) => `i32x4.add(${a}, i32x4.dot_i16x8_s(${x}, ${w}))`,
  },
  extmul: {
    doc: `By widening multiplication, for processors on which the dot product is three instructions: one element a step, eight
 * channels a vector of i16 weights. The bound is that of the dot product, K <= 66,311.`,
    ...{
      step: 1,
      elementShift: 1,
      pack: 'packToI16',
      packFile: '../pack/to-i16',
      store: 'integer',
      load: 'load16_splat',
      wide: true,
    },
    sum: (a, x, w, v) => `i32x4.add(${a}, i32x4.extmul_${v & 1 ? 'high' : 'low'}_i16x8_s(${x}, ${w}))`,
  },
  reldot: {
    doc: `By the relaxed dot product of four 8-bit weights and four 7-bit activations, added to int32. Activations are bytes
 * 0 .. 127 as they come, the zero point is in the bias; only so is the result the same on every processor.
 *   weights     | c0 k0..k3 | c1 k0..k3 | c2 k0..k3 | c3 k0..k3 |   activation  | x k0..k3 | four times |
 * The sum fits int32 while K * 127 * 127 <= 2^31 - 1, that is K <= 133,144 (\`supports\` takes 66,311, as for w8a8).`,
    ...{
      step: 4,
      elementShift: 0,
      pack: 'packToBytes',
      packFile: '../depthwise/packed-input',
      store: 'integer',
      load: 'load32_splat',
    },
    sum: (a, x, w) => `i32x4.relaxed_dot_i8x16_i7x16_add_s(${w}, ${x}, ${a})`,
  },
  reldot8: {
    doc: `By the relaxed dot product of four 8-bit activations and four 7-bit weights, added to int32. Activations are bytes
 * q - 128, weights w + 64 in 1 .. 127 (0 past the end of a run); only so is the result the same on every processor. Sums
 * start from the correction of their pixel: assembly/relaxed-dot/corrections.ts.
 *   weights     | c0 k0..k3 | c1 k0..k3 | c2 k0..k3 | c3 k0..k3 |   activation  | x k0..k3 | four times |
 * The sum of the scheme itself fits int32 for K <= 66,311 (\`supports\`); on the way there it may wrap.`,
    ...{ step: 4, elementShift: 0, pack: 'packCorrected', packFile: '../relaxed-dot/corrections', store: 'integer' },
    ...{ load: 'load32_splat', corrected: true },
    sum: (a, x, w) => `i32x4.relaxed_dot_i8x16_i7x16_add_s(${x}, ${w}, ${a})`,
  },
};

const TILES = {
  'direct-f32': [
    ['f32_conv_2x16__simd', 'f32'],
    ['f32_conv_4x8__simd', 'f32'],
    ['f32_dense_1x16__simd', 'f32'],
    ['f32_dense_1x32__simd', 'f32'],
  ],
  'direct-fma': [
    ['f32_conv_2x16__relaxed', 'fma'],
    ['f32_conv_4x8__relaxed', 'fma'],
    ['f32_conv_6x8__relaxed', 'fma'],
    ['f32_conv_3x16__relaxed', 'fma'],
    ['f32_dense_1x16__relaxed', 'fma'],
    ['f32_dense_1x32__relaxed', 'fma'],
  ],
  'direct-i16': [
    ['w8a8_conv_2x16__simd', 'dot'],
    ['w8a8_conv_1x16__simd', 'dot'],
    ['w8a8_conv_2x16__simd_extmul', 'extmul'],
  ],
  'direct-reldot': [
    ['w8a7_conv_2x16__relaxed_dot', 'reldot'],
    ['w8a7_conv_3x16__relaxed_dot', 'reldot'],
    ['w8a7_dense_1x16__relaxed_dot', 'reldot'],
  ],
  'direct-reldot8': [
    ['w7a8_conv_2x16__relaxed_dot', 'reldot8'],
    ['w7a8_conv_3x16__relaxed_dot', 'reldot8'],
    ['w7a8_dense_1x16__relaxed_dot', 'reldot8'],
  ],
};

/** Texts of assembly/generated/direct-*.ts. */
export function directTiles() {
  return Object.fromEntries(Object.entries(TILES).map(([name, tiles]) => [name, file(tiles)]));
}

function file(tiles) {
  const { pack, packFile, store, corrected } = KINDS[tiles[0][1]];
  return `// Written by scripts/kernels/direct-tiles.mjs.
import { Parameters } from "../inline/parameters";
${imports(store)}
import { ${pack}${corrected ? ', correctionOf' : ''} } from "${packFile}";
${tiles.map(([id, kind]) => tile(id, KINDS[kind])).join('')}`;
}

/** The accumulators as they begin: at the bias, or at the bias and the pixel's correction. */
function starts({ corrected }, rows, vectors) {
  const biases = (write) => lines(vectors, (v) => write(v, `v128.load(bias, ${v * 16})`));
  if (!corrected) {
    const others = lines((rows - 1) * vectors, (i) => {
      const [r, v] = [1 + Math.floor(i / vectors), i % vectors];
      return `    let a${r}${v} = a0${v};`;
    });
    return `${biases((v, bias) => `    let a0${v} = ${bias};`)}\n${others}`;
  }
  const loads = biases((v, bias) => `    const bias${v} = ${bias};`);
  const sums = lines(rows, (r) => {
    const correction = `    const c${r} = v128.load32_splat(corrections, ${r * 4});`;
    return `${correction}\n${lines(vectors, (v) => `    let a${r}${v} = i32x4.add(bias${v}, c${r});`)}`;
  });
  return `    const corrections = correctionOf(offsets, source);\n${loads}\n${sums}`;
}

function tile(id, kind) {
  const [, rows, columns] = /_(\d+)x(\d+)__/.exec(id).map(Number);
  const vectors = columns / 4;
  const weightVectors = kind.wide ? vectors / 2 : vectors;
  const name = `Tile_${id}`;
  const each = (write) => lines(rows * vectors, (i) => write(Math.floor(i / vectors), i % vectors));
  const sum = (r, v) => kind.sum(`a${r}${v}`, `p${r}`, `w${kind.wide ? v >> 1 : v}`, v);
  const weight = (v) => `        const w${v} = v128.load(w, ${v * 16});`;
  const splat = (r) => `        const p${r} = v128.${kind.load}(x${r});`;
  // what there is less of is kept in registers, the other is loaded as it is used
  const pixelsKept =
    lines(rows, splat) +
    '\n' +
    lines(weightVectors, (u) => {
      const vs = kind.wide ? [2 * u, 2 * u + 1] : [u];
      return `${weight(u)}\n${vs.map((v) => lines(rows, (r) => `        a${r}${v} = ${sum(r, v)};`)).join('\n')}`;
    });
  const weightsKept =
    lines(weightVectors, weight) +
    '\n' +
    lines(rows, (r) => `${splat(r)}\n${lines(vectors, (v) => `        a${r}${v} = ${sum(r, v)};`)}`);
  const stepBytes = kind.wide ? columns * 2 : columns * 4;
  const elementBytes = kind.step << kind.elementShift;
  return `
/**
 * ${id}: ${rows} pixel${rows > 1 ? 's' : ''} x ${columns} channels.
 * ${kind.doc}
 *
 * Alignment: weights 16 bytes, packed input any. Up to ${elementBytes - (1 << kind.elementShift)} bytes past a k-run are read, inside the scratch and times zero.
 */
@final
class ${name} {
  @inline rows(): u32 { return ${rows}; }
  @inline columns(): u32 { return ${columns}; }
  @inline step(): u32 { return ${kind.step}; }
  @inline elementShift(): u32 { return ${kind.elementShift}; }
  @inline stepBytes(): u32 { return ${stepBytes}; }

  @inline
  multiply(
    offsets: usize, source: usize, w: usize, bias: usize, ${kind.store === 'real' ? 'target: usize, pitch: usize, limits: usize' : 'stage: usize'},
    runs: u32, gap: usize, steps: u32,
  ): void {
${lines(rows, (r) => `    let x${r} = source + load<u32>(offsets, ${r * 4});`)}
${starts(kind, rows, vectors)}
    for (; runs > 0; runs--) {
      const end = w + steps * ${stepBytes};
      do {
${rows < vectors ? pixelsKept : weightsKept}
${lines(rows, (r) => `        x${r} += ${elementBytes};`)}
        w += ${stepBytes};
      } while (w < end);
${lines(rows, (r) => `      x${r} += gap;`)}
    }
${kind.store === 'real' ? clampedRows(rows, vectors) : each((r, v) => `    v128.store(stage, a${r}${v}, ${(r * vectors + v) * 16});`)}
  }
}

export function ${id}(block: Parameters): void {
${
  kind.store === 'real'
    ? `  convolveReals<${name}>(block, ${kind.pack}(block, block.scratch + STAGE_BYTES));`
    : `  const packed = block.scratch + PACKED_AT;
  ${kind.pack}(block, packed);
  convolveStrips<${name}>(block, packed);`
}
}
`;
}

/** What the drivers of real and of integer tiles need. */
function imports(store) {
  if (store === 'integer') return 'import { PACKED_AT, convolveStrips } from "../inline/convolve-strips";';
  return `import { STAGE_BYTES } from "../inline/convolve";
import { clamp } from "../inline/requantize";
import { convolveReals } from "../f32/convolve-reals";`;
}

/** The accumulators, clamped, to rows that begin `pitch` bytes apart. */
function clampedRows(rows, vectors) {
  const row = (r) =>
    (r > 0 ? '    target += pitch;\n' : '') +
    lines(vectors, (v) => `    v128.store(target, clamp(a${r}${v}, low, high), ${v * 16});`);
  return `    const low = v128.load(limits);
    const high = v128.load(limits, 16);
${lines(rows, row)}`;
}
