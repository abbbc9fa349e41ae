/** The inner loops of the f32 depthwise 3 × 3 kernels (assembly/depthwise/f32.ts), one a stride. */

import { lines } from './lines.mjs';

const TAPS = 9;
/** Outputs of one step: with nine weights, an input and a product they fill the registers. */
const PIXELS = 4;

export function f32Depthwise() {
  return { 'f32-depthwise': `${HEAD}\n${[1, 2].map(rowFunction).join('\n')}` };
}

const HEAD = `import { clamp } from "../inline/requantize";
`;

/** Multiplies and adds what row `ky` gives to `pixels` outputs; each column is loaded once for all of them. */
function multiplyRow(ky, pixels, stride) {
  const columns = (pixels - 1) * stride + 3;
  const steps = [];
  for (let column = 0; column < columns; column++) {
    const uses = Array.from({ length: pixels }, (_, p) => [p, column - p * stride]).filter(
      ([, kx]) => kx >= 0 && kx < 3,
    );
    if (uses.length === 0) continue;
    steps.push(`    x = v128.load(r${ky}, ${column * 16});`);
    for (const [p, kx] of uses) steps.push(`    a${p} = f32x4.add(a${p}, f32x4.mul(x, w${ky * 3 + kx}));`);
  }
  return steps.join('\n');
}

/** `pixels` outputs next to one another, clamped and stored. */
function block(pixels, stride) {
  const address = (p) => (p < 2 ? ['target', 'target + pitch'][p] : `target + pitch * ${p}`);
  return `    let a0 = v128.load(bias);
${lines(pixels - 1, (p) => `    let a${p + 1} = a0;`)}
    let x: v128;
${lines(3, (ky) => multiplyRow(ky, pixels, stride))}
    const low = v128.load(limits);
    const high = v128.load(limits, 16);
${lines(pixels, (p) => `    v128.store(${address(p)}, clamp(a${p}, low, high));`)}`;
}

function rowFunction(stride) {
  return `/**
 * Stride ${stride}: \`pixels\` outputs of one block from three rows of neighbouring pixels, ${PIXELS} at a time, the last of
 * them shifted back (what is computed twice comes out the same), or one at a time where there are fewer.
 */
export function multiplyRowBy${stride}(
  r0: usize, r1: usize, r2: usize, weights: usize, bias: usize, limits: usize, target: usize, pitch: usize, pixels: i32,
): void {
${lines(TAPS, (t) => `  const w${t} = v128.load(weights, ${t * 16});`)}
  const few = pixels < ${PIXELS};
  while (!few && pixels > 0) {
    const back = max<i32>(${PIXELS} - pixels, 0);
    r0 -= back * ${stride * 16};
    r1 -= back * ${stride * 16};
    r2 -= back * ${stride * 16};
    target -= back * pitch;
${block(PIXELS, stride)}
    pixels -= ${PIXELS};
    r0 += ${PIXELS * stride * 16};
    r1 += ${PIXELS * stride * 16};
    r2 += ${PIXELS * stride * 16};
    target += pitch * ${PIXELS};
  }
  while (few && pixels > 0) {
${block(1, stride)}
    pixels--;
    r0 += ${stride * 16};
    r1 += ${stride * 16};
    r2 += ${stride * 16};
    target += pitch;
  }
}
`;
}
