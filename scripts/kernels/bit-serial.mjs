import { laneTile, weightLoads } from './lane-sums.mjs';
import { lines } from './lines.mjs';

/** The kernels of assembly/bit-serial, for `pixels` pixels x `groups` of 16 channels, and the planes of both operands. */
const KERNELS = [
  { name: 'w1a1_conv_4x32', pixels: 4, groups: 2, weightPlanes: 1, activationPlanes: 1 },
  { name: 'w1a1_conv_8x16', pixels: 8, groups: 1, weightPlanes: 1, activationPlanes: 1 },
  { name: 'w1a2_conv_4x16', pixels: 4, groups: 1, weightPlanes: 1, activationPlanes: 2 },
  { name: 'w2a2_conv_2x16', pixels: 2, groups: 1, weightPlanes: 2, activationPlanes: 2 },
];

/** @returns {Record<string, string>} */
export function bitSerial() {
  const paths = KERNELS.map(({ name }) => `bit-serial-${name.replaceAll('_', '-')}`);
  return {
    ...Object.fromEntries(KERNELS.map((kernel, i) => [paths[i], sourceOf(kernel)])),
    'bit-serial': `${paths.map((path) => `export * from "./${path}";`).join('\n')}\n`,
  };
}

function sourceOf(kernel) {
  const { name, weightPlanes, activationPlanes } = kernel;
  return `import { BitPlanes } from "../bit-serial/build";
import { Parameters } from "../inline/parameters";
import { convolveByLanes } from "../table-lookup/convolve";

/** Written by scripts/kernels/bit-serial.mjs; assembly/bit-serial/build.ts says what it does. */
${laneTile(tileOf(kernel))}

export function ${name}__simd_bitserial(block: Parameters): void {
  convolveByLanes<Tile, BitPlanes>(block, ${2 ** activationPlanes - 1}, ${weightPlanes === 1});
}
`;
}

/**
 * A step takes eight channels of the input, a byte a plane, and counts the bits in which both planes are 1 or, of signs, in
 * which the activation's is that of the weight.
 */
function tileOf({ pixels, groups, weightPlanes, activationPlanes }) {
  const meet = weightPlanes === 1 ? 'xor' : 'and';
  const weightVectors = groups * weightPlanes;
  const pixel = (p) => lines(activationPlanes, (a) => `${load(p, a)}\n${lines(weightVectors, (v) => count(p, a, v))}`);
  const load = (p, a) => `const q${p}${a} = v128.load8_splat(x${p}${a ? `, ${a}` : ''});`;
  const count = (p, a, v) => {
    const name = `s${p}${a}${v}`;
    return `${name} = i8x16.add(${name}, i8x16.popcnt(v128.${meet}(q${p}${a}, i${v})));`;
  };
  return {
    pixels,
    groups,
    weightVectors,
    inputBytes: activationPlanes,
    flush: 31,
    lanes: (p, g) =>
      Array.from({ length: weightPlanes * activationPlanes }, (_, i) => {
        const [a, plane] = [i % activationPlanes, Math.floor(i / activationPlanes)];
        return [`s${p}${a}${g + plane}`, a + plane, plane === 1];
      }),
    step: `${weightLoads(weightVectors)}\n${lines(pixels, pixel)}`,
  };
}
