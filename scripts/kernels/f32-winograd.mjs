/** Winograd's transforms and products in f32: straight code that differs by the tile only (assembly/winograd/f32.ts). */

import { accumulator, accumulators, rowAddress, step } from './f32-steps.mjs';
import { lines } from './lines.mjs';

/**
 * The transforms of one line, as statements over inputs d0, d1, ... that make v0, v1, ... Points 0, 1, -1 (F(2, 3)) and
 * 0, 1, -1, 2, -2 (F(4, 3)), and infinity.
 */
const TRANSFORMS = {
  input2: {
    from: 4,
    to: 4,
    text: ['const v0 = f32x4.sub(d0, d2);', 'const v1 = f32x4.add(d1, d2);']
      .concat(['const v2 = f32x4.sub(d2, d1);', 'const v3 = f32x4.sub(d1, d3);']),
  },
  output2: {
    from: 4,
    to: 2,
    text: ['const v0 = f32x4.add(f32x4.add(d0, d1), d2);', 'const v1 = f32x4.sub(f32x4.sub(d1, d2), d3);'],
  },
  input4: {
    from: 6,
    to: 6,
    text: [
      'const even = f32x4.sub(d4, d2);',
      'const odd = f32x4.sub(d3, d1);',
      'const odd2 = f32x4.add(odd, odd);',
      'const even4 = f32x4.sub(d4, f32x4.mul(four, d2));',
      'const odd4 = f32x4.sub(d3, f32x4.mul(four, d1));',
      'const v0 = f32x4.add(f32x4.mul(four, f32x4.sub(d0, d2)), even);',
      'const v1 = f32x4.add(even4, odd4);',
      'const v2 = f32x4.sub(even4, odd4);',
      'const v3 = f32x4.add(even, odd2);',
      'const v4 = f32x4.sub(even, odd2);',
      'const v5 = f32x4.sub(f32x4.sub(d5, d3), f32x4.add(odd2, odd2));',
    ],
  },
  output4: {
    from: 6,
    to: 4,
    text: [
      'const sum1 = f32x4.add(d1, d2);',
      'const difference1 = f32x4.sub(d1, d2);',
      'const sum2 = f32x4.add(d3, d4);',
      'const difference2 = f32x4.sub(d3, d4);',
      'const twice = f32x4.add(difference2, difference2);',
      'const v0 = f32x4.add(f32x4.add(d0, sum1), sum2);',
      'const v1 = f32x4.add(difference1, twice);',
      'const v2 = f32x4.add(sum1, f32x4.mul(four, sum2));',
      'const v3 = f32x4.add(f32x4.add(difference1, d5), f32x4.mul(four, twice));',
    ],
  },
};

export function f32Winograd() {
  const parts = [2, 4].flatMap((size) => [inputTransform(size), outputTransform(size)]);
  return {
    'f32-winograd': `${HEAD}\n${[...parts, product(4, 2, false)].join('\n')}`,
    'f32-winograd-fused': product(6, 2, true),
  };
}

const HEAD = `import { clamp } from "../inline/requantize";
`;

const indented = (text, indent) => text.map((line) => `${indent}${line}`).join('\n');
const factors = (size) => (size === 4 ? '  const four = f32x4.splat(4);\n' : '');

/** Loads or stores at \`at\`, which moves by \`by\` bytes from one to the next. */
const loads = (count, at, by) => lines(count, (i) => `    const d${i} = v128.load(${at});${i + 1 < count ? `\n    ${at} += ${by};` : ''}`);
const stores = (count, at, by) => lines(count, (i) => `    v128.store(${at}, v${i});\n    ${at} += ${by};`);
const fixedLoads = (count, at, by) => lines(count, (i) => `    const d${i} = v128.load(${at}, ${i * by});`);
const fixedStores = (count, at, by) => lines(count, (i) => `    v128.store(${at}, v${i}, ${i * by});`);

function inputTransform(size) {
  const { from, to, text } = TRANSFORMS[`input${size}`];
  return `/**
 * Four channels of one tile of F(${size}, 3): ${from} x ${from} pixels, neighbours 16 bytes apart, to ${to * to} vectors that
 * are \`step\` bytes apart. Passes through ${from * to * 16} bytes at \`stage\`.
 */
export function inputTransform${size}(source: usize, rowBytes: usize, target: usize, step: usize, stage: usize): void {
${factors(size)}  const end = stage + ${from * 16};
  for (let t = stage; t < end; t += 16) {
    let s = source;
${loads(from, 's', 'rowBytes')}
${indented(text, '    ')}
${fixedStores(to, 't', from * 16)}
    source += 16;
  }
  const last = stage + ${to * from * 16};
  for (let s = stage; s < last; s += ${from * 16}) {
${fixedLoads(from, 's', 16)}
${indented(text, '    ')}
${stores(to, 'target', 'step')}
  }
}
`;
}

function outputTransform(size) {
  const { from, to, text } = TRANSFORMS[`output${size}`];
  return `/**
 * Four channels of one tile of F(${size}, 3): ${from * from} vectors that are \`step\` bytes apart to ${to} x ${to} outputs, bias
 * added and clamped to the two vectors at \`limits\`. Passes through ${from * to * 16} bytes at \`stage\`.
 */
export function outputTransform${size}(
  source: usize, step: usize, target: usize, rowBytes: usize, pixelBytes: usize, bias: usize, limits: usize, stage: usize,
): void {
${factors(size)}  const line = step * ${from};
  const end = stage + ${from * 16};
  for (let t = stage; t < end; t += 16) {
    let s = source;
${loads(from, 's', 'line')}
${indented(text, '    ')}
${fixedStores(to, 't', from * 16)}
    source += step;
  }
  const b = v128.load(bias);
  const low = v128.load(limits);
  const high = v128.load(limits, 16);
  const last = stage + ${to * from * 16};
  for (let s = stage; s < last; s += ${from * 16}) {
    let to = target;
${fixedLoads(from, 's', 16)}
${indented(text, '    ')}
${lines(to, (i) => `    v128.store(to, clamp(f32x4.add(v${i}, b), low, high));\n    to += pixelBytes;`)}
    target += rowBytes;
  }
}
`;
}

/** The product of one matrix: `rows` tiles by `vectors` × 4 channels at a time. */
function product(rows, vectors, fused) {
  const columns = vectors * 4;
  const all = accumulators(rows, vectors);
  const store = ([row, v]) => `      v128.store(${row ? `t${row}` : 'to'}, ${accumulator(row, v)}${v ? `, ${v * 16}` : ''});`;
  return `/**
 * One of Winograd's matrix products, ${rows} tiles x ${columns} channels a step: \`count\` rows of \`inner\` f32 at \`source\` times
 * \`panels\` panels [inner][${columns}]. Fewer than ${rows} rows are filled up with the last one, so that rows of the target up to
 * the next multiple of ${rows} are written.
 *
 * @returns the end of the panels.
 */
export function product${rows}x${columns}${fused ? 'Fused' : ''}(
  source: usize, weights: usize, target: usize, inner: u32, panels: u32, count: u32,
): usize {
  const rowBytes: usize = inner << 2;
  const panelBytes: usize = inner * ${columns * 4};
  const targetBytes: usize = panels * ${columns * 4};
  const last = count - 1;
  for (let n: u32 = 0; n < panels; n++) {
    const end = weights + panelBytes;
    let to = target + n * ${columns * 4};
    for (let m: u32 = 0; m < count; m += ${rows}) {
${lines(rows, (r) => `      let ${rowAddress(r)} = source + ${r ? `min(m + ${r}, last)` : 'm'} * rowBytes;`)}
      let w = weights;
${all.map(([row, v], i) => `      let ${accumulator(row, v)} = ${i ? 'a0' : 'f32x4.splat(0)'};`).join('\n')}
      do {
${step(rows, vectors, fused, '        ')}
      } while (w < end);
${lines(rows - 1, (r) => `      const t${r + 1} = ${r ? `t${r}` : 'to'} + targetBytes;`)}
${all.map(store).join('\n')}
      to += targetBytes * ${rows};
    }
    weights = end;
  }
  return weights;
}
`;
}
