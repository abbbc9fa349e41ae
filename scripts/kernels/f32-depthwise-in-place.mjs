/**
 * f32 depthwise 3 × 3 that reads its f32 input where it lies: tiles for the driver in assembly/depthwise/f32-in-place.ts, in
 * which the order of outputs and the edges are described.
 */

import { lines } from './lines.mjs';

const ARITHMETIC = {
  simd: {
    doc: 'Multiplication and addition apart, in the fixed order ky, kx starting at the bias: the bits of the reference.',
    sum: (a, x, w) => `f32x4.add(${a}, f32x4.mul(${x}, ${w}))`,
  },
  relaxed: {
    doc: 'Multiplication and addition fused where the processor can: a rounding less a product than the reference.',
    sum: (a, x, w) => `f32x4.relaxed_madd(${x}, ${w}, ${a})`,
  },
};

/**
 * Outputs of one step, of four channels each, by stride. More of them share more loads, but the inputs of one window row,
 * its three weights and the sums must fit the 16 registers together.
 */
const PIXELS = { 1: 4, 2: 2 };

/** Masks of columns, and the clamp, from `aside` on; mirrored in the driver. */
const MASKS_AT = 32;
const LIMITS_AT = 160;

/** Texts of assembly/generated/f32-depthwise-in-place-{simd,relaxed}.ts. */
export function f32DepthwiseInPlace() {
  return Object.fromEntries(Object.keys(ARITHMETIC).map((isa) => [`f32-depthwise-in-place-${isa}`, file(isa)]));
}

function file(isa) {
  return `// Written by scripts/kernels/f32-depthwise-in-place.mjs.
import { Parameters } from "../inline/parameters";
import { clamp } from "../inline/requantize";
import { depthwiseInPlace } from "../depthwise/f32-in-place";
${[1, 2].map((stride) => kernel(isa, stride)).join('')}`;
}

function kernel(isa, stride) {
  const { doc, sum } = ARITHMETIC[isa];
  const pixels = PIXELS[stride];
  const id = `f32_conv_${pixels}x4__${isa}_inplace3x3s${stride}`;
  return `
/**
 * ${id}: ${pixels} pixels x four channels.
 * ${doc}
 *
 * Each row of the window is a block of its own, for the sake of the row that may be missing and of V8: within a block it
 * does all loads before the first product, and those of nine taps would not stay in registers.
 */
@final
class Tile_${id} {
  @inline stride(): u32 { return ${stride}; }
  @inline pixels(): u32 { return ${pixels}; }

${tile('inside', pixels, stride, sum)}

${tile('border', pixels, stride, sum)}

${tile('single', 1, stride, sum)}
}

export function ${id}(block: Parameters): void {
  depthwiseInPlace<Tile_${id}>(block);
}
`;
}

/** `pixels` outputs of all channels, four at a time; the last four are shifted back to end at the last channel. */
function tile(name, pixels, stride, sum) {
  const windowRow = (ky) => `      if (rows & ${1 << ky}) {
${multiplyRow(ky, pixels, stride, sum, name !== 'inside')}
      }`;
  return `  ${name}(
    rows: u32, r0: usize, rowBytes: usize, pitch: usize, w: usize, bias: usize, aside: usize, target: usize, channels: i32,
  ): void {
    const low = v128.load(aside, ${LIMITS_AT});
    const high = v128.load(aside, ${LIMITS_AT + 16});
    let r1 = r0 + rowBytes;
    let r2 = r1 + rowBytes;
    for (;;) {
      let a0 = v128.load(bias);
${lines(pixels - 1, (p) => `      let a${p + 1} = a0;`)}
${lines(3, windowRow)}
      let to = target;
${lines(pixels, (p) => `${p > 0 ? '      to += pitch;\n' : ''}      v128.store(to, clamp(a${p}, low, high));`)}
      channels -= 4;
      if (channels <= 0) break;
      const step: usize = min(channels, 4) << 2;
      r0 += step;
      r1 += step;
      r2 += step;
      target += step;
      bias += 16;
      w += 144;
    }
  }`;
}

/** What row `ky` of the window gives to the outputs; each column is loaded once for all of them. */
function multiplyRow(ky, pixels, stride, sum, masked) {
  const columns = (pixels - 1) * stride + 3;
  const steps = [
    lines(3, (kx) => `        const w${kx} = v128.load(w, ${(ky * 3 + kx) * 16});`),
    `        let x: v128;${masked ? '' : `\n        let from = r${ky};`}`,
  ];
  for (let column = 0; column < columns; column++) {
    const masking = `v128.and(v128.load(r${ky} + load<u32>(aside, ${column * 4})), v128.load(aside, ${MASKS_AT + column * 16}))`;
    if (!masked && column > 0) steps.push('        from += pitch;');
    steps.push(`        x = ${masked ? masking : 'v128.load(from)'};`);
    for (let p = 0; p < pixels; p++) {
      const kx = column - p * stride;
      if (kx >= 0 && kx < 3) steps.push(`        a${p} = ${sum(`a${p}`, 'x', `w${kx}`)};`);
    }
  }
  return steps.join('\n');
}
