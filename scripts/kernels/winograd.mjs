/**
 * Winograd's minimal filtering F(m, 3) in two dimensions (Winograd 1980; Lavin and Gray 2016) for 3 × 3 windows of stride 1:
 * Y = Aᵀ [U ⊙ V] A with V = Bᵀ d B over tiles d of (m + 2) × (m + 2) inputs, and U from the weights, made when they are
 * packed. One text serves integers and reals: they differ in lanes, in how products are summed, and in the last step.
 */

import { lines } from './lines.mjs';

/** Vector arithmetic of one kind of lane, as expressions. */
const lanes = (type) => ({
  add: (a, b) => `${type}.add(${a}, ${b})`,
  sub: (a, b) => `${type}.sub(${a}, ${b})`,
  /** A small power of two times x. */
  times: (x, factor) => {
    if (factor === 1) return x;
    if (type === 'f32x4') return `f32x4.mul(${x}, f${factor})`;
    return `${type}.shl(${x}, ${Math.log2(factor)})`;
  },
});

/** Bᵀ along one axis: from d0 … to v0 …; what several of them share comes first. */
function inputRows(m, { add, sub, times }) {
  if (m === 2) return { shared: {}, rows: [sub('d0', 'd2'), add('d1', 'd2'), sub('d2', 'd1'), sub('d1', 'd3')] };
  const shared = {
    even: sub('d4', 'd2'),
    odd: sub('d3', 'd1'),
    even4: sub('d4', times('d2', 4)),
    odd4: sub('d3', times('d1', 4)),
    odd2: times('odd', 2),
  };
  const rows = [
    add(times(sub('d0', 'd2'), 4), 'even'),
    add('even4', 'odd4'),
    sub('even4', 'odd4'),
    add('even', 'odd2'),
    sub('even', 'odd2'),
    sub(sub('d5', 'd3'), times('odd', 4)),
  ];
  return { shared, rows };
}

/** Aᵀ along one axis: from t0 … to y0 … */
function outputRows(m, { add, sub, times }) {
  if (m === 2) return [add(add('t0', 't1'), 't2'), sub(sub('t1', 't2'), 't3')];
  const [s, d, u, v] = [add('t1', 't2'), sub('t1', 't2'), add('t3', 't4'), sub('t3', 't4')];
  return [add(add('t0', s), u), add(d, times(v, 2)), add(s, times(u, 4)), add(add(d, times(v, 8)), 't5')];
}

/** Aᵀ E along x for integers with m = 4: E = diag(6, 4, 4, 1, 1, 24) is what the weights lack there. */
function scaledOutputRows({ add, sub, times }) {
  const [s, d, u, v] = [add('t1', 't2'), sub('t1', 't2'), add('t3', 't4'), sub('t3', 't4')];
  return [
    add(add(times('t0', 4), times('t0', 2)), add(times(s, 4), u)),
    add(times(d, 4), times(v, 2)),
    times(add(s, u), 4),
    add(times(add(d, times(v, 2)), 4), add(times('t5', 16), times('t5', 8))),
  ];
}

const factors = (real, names) => (real ? names.map((f) => `  const f${f} = f32x4.splat(${f});`).join('\n') : '');

/** One tile's input of one vector of channels: along x into the work area, then along y into the matrices. */
function inputTransform({ m, real }) {
  const n = m + 2;
  const vector = lanes(real ? 'f32x4' : 'i16x8');
  const { shared, rows } = inputRows(m, vector);
  const common = Object.entries(shared)
    .map(([name, value]) => `    const ${name} = ${value};\n`)
    .join('');
  return `
/** V of one vector of channels: \`rowBytes\` and \`pixelBytes\` apart in the packed input, \`matrixBytes\` apart in V. */
function transformInput(
  source: usize, rowBytes: usize, pixelBytes: usize, work: usize, target: usize, matrixBytes: usize,
): void {
${factors(real && m === 4, [2, 4])}
  const end = work + ${n * n * 16};
  for (let to = work; to < end; to += ${n * 16}) {
    let at = source;
${lines(n, (i) => `    const d${i} = v128.load(at);${i < n - 1 ? '\n    at += pixelBytes;' : ''}`)}
${common}${lines(n, (i) => `    v128.store(to, ${rows[i]}, ${i * 16});`)}
    source += rowBytes;
  }
  const lastColumn = work + ${n * 16};
  const matrixRow = matrixBytes * ${n};
  for (; work < lastColumn; work += 16) {
${lines(n, (i) => `    const d${i} = v128.load(work, ${i * n * 16});`)}
    let to = target;
${common}${lines(n, (i) => `    v128.store(to, ${rows[i]});${i < n - 1 ? '\n    to += matrixRow;' : ''}`)}
    target += matrixBytes;
  }
}
`;
}

/** Σ over channels of U ⊙ V for one matrix: ${'`tiles`'} rows of V against one panel of 16 output channels. */
function product({ real, fused }) {
  const step = real ? 4 : 4; // bytes of a row of V: one f32, or a pair of i16
  const sum = (a, x, w) => {
    if (!real) return `i32x4.add(${a}, i32x4.dot_i16x8_s(${x}, ${w}))`;
    return fused ? `f32x4.relaxed_madd(${x}, ${w}, ${a})` : `f32x4.add(${a}, f32x4.mul(${x}, ${w}))`;
  };
  return `
/** One matrix: rows of V, \`rowBytes\` apart, times a panel of 16 channels of U; two rows at a time. */
function multiply(v: usize, rowBytes: usize, u: usize, steps: u32, target: usize, tiles: u32): void {
  const uEnd = u + (steps << 6);
  const targetEnd = target + (tiles << 6);
  while (target < targetEnd) {
    let x0 = v;
    let x1 = v + rowBytes;
    let w = u;
    let a0 = i32x4.splat(0);
${lines(3, (i) => `    let a${i + 1} = a0;`)}
${lines(4, (i) => `    let b${i} = a0;`)}
    do {
      const p = v128.load32_splat(x0);
      const q = v128.load32_splat(x1);
${lines(4, (i) => `      const w${i} = v128.load(w, ${i * 16});\n      a${i} = ${sum(`a${i}`, 'p', `w${i}`)};\n      b${i} = ${sum(`b${i}`, 'q', `w${i}`)};`)}
      x0 += ${step};
      x1 += ${step};
      w += 64;
    } while (w < uEnd);
${lines(4, (i) => `    v128.store(target, a${i}, ${i * 16});`)}
${lines(4, (i) => `    v128.store(target, b${i}, ${64 + i * 16});`)}
    v += rowBytes << 1;
    target += 128;
  }
}
`;
}

/** M of one tile to the outputs of 16 channels: along y into the work area, then a row of outputs at a time. */
function outputTransform({ m, real }) {
  const n = m + 2;
  const vector = lanes(real ? 'f32x4' : 'i32x4');
  const alongY = outputRows(m, vector);
  const alongX = !real && m === 4 ? scaledOutputRows(vector) : outputRows(m, vector);
  const finish = (y) => {
    if (real) return `f32x4.add(${y}, bias)`;
    if (m === 2) return `i32x4.add(i32x4.shr_s(${y}, 2), bias)`;
    return `i32x4.add(i32x4.mul(i32x4.shr_s(${y}, 6), ninth), bias)`;
  };
  return `
/** Along y: ${n} × ${n} matrices, \`matrixBytes\` apart, of 16 channels to ${m} rows of ${n} in the work area. */
function transformRows(source: usize, matrixBytes: usize, work: usize): void {
${factors(real && m === 4, [2, 4, 8])}
  const matrixRow = matrixBytes * ${n};
  for (let column = 0; column < ${n}; column++) {
    for (let lane: usize = 0; lane < 64; lane += 16) {
      let at = source + lane;
${lines(n, (i) => `      const t${i} = v128.load(at);${i < n - 1 ? '\n      at += matrixRow;' : ''}`)}
      const to = work + lane;
${lines(m, (i) => `      v128.store(to, ${alongY[i]}, ${i * n * 64});`)}
    }
    source += matrixBytes;
    work += 64;
  }
}

/** Along x: one row of the work area to ${m} pixels of 16 channels in the stage, bias added. */
function transformColumns(work: usize, constants: usize, stage: usize): void {
${factors(real && m === 4, [2, 4, 8])}
${!real && m === 4 ? '  const ninth = i32x4.splat(0x38E38E39); // the inverse of 9 modulo 2^32\n' : ''}  for (let lane: usize = 0; lane < 64; lane += 16) {
    const bias = v128.load(constants + lane);
    const at = work + lane;
${lines(n, (i) => `    const t${i} = v128.load(at, ${i * 64});`)}
    const to = stage + lane;
${lines(m, (i) => `    v128.store(to, ${finish(alongX[i])}, ${i * 64});`)}
  }
}
`;
}

/** The whole kernel. */
function kernel({ id, m, real }) {
  const n = m + 2;
  const bytes = real ? 2 : 1; // log2 of an element's
  const vectorElements = real ? 4 : 8;
  const store = real
    ? 'storeRealTile(block, stage, pixel, columns, channel, 16);'
    : 'storeIntegerTile(block, stage, pixel, columns, channel, constants + 64);';
  return `
export function ${id}(block: Parameters): void {
  const channels = block.inChannels;
  const outWidth = block.outWidth;
  const tilesAcross: u32 = (outWidth + ${m - 1}) / ${m};
  const tiles: u32 = tilesAcross * ((block.outHeight + ${m - 1}) / ${m});
  const pixelBytes: usize = channels << ${bytes};
  const rowBytes: usize = (block.width + block.paddingLeft + block.paddingRight) * pixelBytes;
  const vectors: u32 = (channels + ${vectorElements - 1}) / ${vectorElements};
  const vRow: usize = vectors << 4;
  const tilesPerBlock = min<u32>((tiles + 1) & ~1, TILES_PER_BLOCK);
  const vMatrix: usize = tilesPerBlock * vRow + MATRIX_PADDING;
  const mMatrix: usize = (tilesPerBlock << 6) + MATRIX_PADDING;
  const steps: u32 = ${real ? 'channels' : '(channels + 1) >> 1'};
  const uMatrix: usize = steps << 6;
  const stage = block.scratch;
  const work = stage + STAGE_BYTES;
  const v = work + WORK_BYTES;
  const products = v + ${n * n} * vMatrix;
  const packed = products + ${n * n} * mMatrix;
  ${real ? 'packToF32' : 'packToI16'}(block, packed);

  for (let first: u32 = 0; first < tiles; first += tilesPerBlock) {
    const count = min<u32>(tilesPerBlock, tiles - first);
    const even = (count + 1) & ~1;
    for (let t: u32 = 0; t < even; t++) {
      const tile = min<u32>(first + t, tiles - 1);
      let source = packed + (tile / tilesAcross) * ${m} * rowBytes + (tile % tilesAcross) * ${m} * pixelBytes;
      let target = v + t * vRow;
      const end = target + vRow;
      for (; target < end; target += 16) {
        transformInput(source, rowBytes, pixelBytes, work, target, vMatrix);
        source += 16;
      }
    }
    let u = block.weights;
    let constants = block.constants;
    for (let c: u32 = 0; c < block.outChannels; c += 16) {
      const channel = min<u32>(c, max<i32>(block.outChannels - 16, 0));
      for (let p: u32 = 0; p < ${n * n}; p++) {
        multiply(v + p * vMatrix, vRow, u, steps, products + p * mMatrix, even);
        u += uMatrix;
      }
      for (let t: u32 = 0; t < count; t++) {
        const tile = first + t;
        const y = (tile / tilesAcross) * ${m};
        const x = (tile % tilesAcross) * ${m};
        const columns = min<u32>(${m}, outWidth - x);
        const rows = min<u32>(${m}, block.outHeight - y);
        transformRows(products + (t << 6), mMatrix, work);
        for (let row: u32 = 0; row < rows; row++) {
          transformColumns(work + row * ${n * 64}, constants, stage);
          const pixel = (y + row) * outWidth + x;
          ${store}
        }
      }
      constants += 128;
    }
  }
}
`;
}

function file(options) {
  const { m, real } = options;
  const n = m + 2;
  return `// Written by scripts/kernels/winograd.mjs.
import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { ${real ? 'storeRealTile' : 'storeIntegerTile'} } from "../inline/tile-store";
import { ${real ? 'packToF32' : 'packToI16'} } from "../pack/${real ? 'to-f32' : 'to-i16'}";

/** Mirrored in src/kernels/winograd.ts. Matrices are kept 64 bytes off multiples of 4 KiB, which share one set of the L1 cache. */
const TILES_PER_BLOCK: u32 = ${tilesPerBlock};
const MATRIX_PADDING: usize = 64;
/** ${m} rows of ${n} intermediate results of 16 channels. */
const WORK_BYTES: usize = ${workBytes};
${inputTransform(options)}${product(options)}${outputTransform(options)}${kernel(options)}`;
}

const tilesPerBlock = 16;
const workBytes = 1536;

const variants = [
  { file: 'winograd23-i16', id: 'w8a8_conv_2x16__simd_winograd23', m: 2, real: false },
  { file: 'winograd43-i16', id: 'w8a8_conv_2x16__simd_winograd43', m: 4, real: false },
  { file: 'winograd23-f32', id: 'f32_conv_2x16__simd_winograd23', m: 2, real: true },
  { file: 'winograd43-f32', id: 'f32_conv_2x16__simd_winograd43', m: 4, real: true },
  { file: 'winograd23-fma', id: 'f32_conv_2x16__relaxed_winograd23', m: 2, real: true, fused: true },
  { file: 'winograd43-fma', id: 'f32_conv_2x16__relaxed_winograd43', m: 4, real: true, fused: true },
];

export function winograd() {
  return Object.fromEntries(variants.map((variant) => [variant.file, file(variant)]));
}
