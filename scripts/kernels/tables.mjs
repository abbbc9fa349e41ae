import { laneTile, weightLoads } from './lane-sums.mjs';
import { lines } from './lines.mjs';

/**
 * The kernels of assembly/table-lookup, for `pixels` pixels x `groups` of 16 channels x the `planes` of their weights.
 * `maximum` is the greatest activation; a byte lane holds 255 / (4 * maximum) lookups.
 */
const KERNELS = [
  { name: 'w1a1_conv_4x32', pixels: 4, groups: 2, planes: 1, maximum: 1 },
  { name: 'w1a1_conv_8x16', pixels: 8, groups: 1, planes: 1, maximum: 1 },
  { name: 'w1a2_conv_4x32', pixels: 4, groups: 2, planes: 1, maximum: 3 },
  { name: 'w1a2_conv_8x16', pixels: 8, groups: 1, planes: 1, maximum: 3 },
  { name: 'w1a4_conv_4x32', pixels: 4, groups: 2, planes: 1, maximum: 15 },
  { name: 'w1a4_conv_8x16', pixels: 8, groups: 1, planes: 1, maximum: 15 },
  { name: 'w2a2_conv_4x16', pixels: 4, groups: 1, planes: 2, maximum: 3 },
];

/**
 * One file a kernel and instruction set, and one a set that lists them. `relaxed_swizzle` gives the same as `swizzle` for the
 * indices that occur, 0 to 15.
 *
 * @returns {Record<string, string>}
 */
export function tables() {
  const files = {};
  for (const isa of ['simd', 'relaxed']) {
    const paths = KERNELS.map(({ name }) => `tables-${name.replaceAll('_', '-')}-${isa}`);
    for (const [i, kernel] of KERNELS.entries()) files[paths[i]] = sourceOf(kernel, isa);
    files[`tables-${isa}`] = `${paths.map((path) => `export * from "./${path}";`).join('\n')}\n`;
  }
  return files;
}

function sourceOf(kernel, isa) {
  const { name, planes, maximum } = kernel;
  return `import { Parameters } from "../inline/parameters";
import { Tables } from "../table-lookup/build";
import { convolveByLanes } from "../table-lookup/convolve";

/** Written by scripts/kernels/tables.mjs; assembly/table-lookup/convolve.ts says what it does. */
${laneTile(tileOf(kernel, isa === 'relaxed' ? 'i8x16.relaxed_swizzle' : 'i8x16.swizzle'))}

export function ${name}__${isa}_tables(block: Parameters): void {
  convolveByLanes<Tile, Tables>(block, ${maximum}, ${planes === 1});
}
`;
}

/** A step looks up, in each pixel's table of four activations, four weight bits of each channel and plane. */
function tileOf({ pixels, groups, planes, maximum }, lookUp) {
  const weightVectors = groups * planes;
  const lookUps = (p) => lines(weightVectors, (v) => `s${p}${v} = i8x16.add(s${p}${v}, ${lookUp}(t${p}, i${v}));`);
  return {
    pixels,
    groups,
    weightVectors,
    inputBytes: 16,
    flush: Math.floor(255 / (4 * maximum)),
    lanes: (p, g) =>
      planes === 1
        ? [[`s${p}${g}`, 0]]
        : [
            [`s${p}0`, 0],
            [`s${p}1`, 1, true],
          ],
    step: `${weightLoads(weightVectors)}\n${lines(pixels, (p) => `const t${p} = v128.load(x${p});\n${lookUps(p)}`)}`,
  };
}
