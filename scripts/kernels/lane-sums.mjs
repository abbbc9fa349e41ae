import { lines } from './lines.mjs';

/**
 * The tile of a kernel whose sums are in byte lanes (assembly/table-lookup/convolve.ts), for these members of `kernel`:
 *   pixels, groups   pixels, and groups of 16 channels, of the tile
 *   weightVectors    vectors of weights that one step takes
 *   inputBytes       bytes of a pixel's packed input that one step takes
 *   flush            how many steps a byte lane can hold
 *   lanes(p, g)      the byte lanes of a pixel and group: [name, power] each, adding 2^power times their sum, or for a
 *                    negative factor taking it off: [name, power, true]. The first has power 0.
 *   step             the statements of one step
 */
export function laneTile(kernel) {
  const { pixels, groups, weightVectors, inputBytes, flush, step } = kernel;
  const stepBytes = weightVectors * 16;
  const names = eachGroup(kernel, (lanes) => lanes.map(([name]) => name)).flat();
  return `@final
class Tile {
  @inline rows(): u32 { return ${pixels}; }
  @inline columns(): u32 { return ${groups * 16}; }
  @inline inputBytes(): u32 { return ${inputBytes}; }
  @inline stepBytes(): u32 { return ${stepBytes}; }

  @inline
  multiply(offsets: usize, source: usize, w: usize, sums: usize, runs: u32, gap: usize, steps: u32): void {
    const none = i8x16.splat(0);
    const once = runs * steps < ${flush};
    if (!once) {
${lines(pixels * groups * 2, (i) => `      v128.store(sums, none, ${i * 16});`)}
    }
${lines(pixels, (p) => `    let x${p} = source + load<u32>(offsets${p ? `, ${p * 4}` : ''});`)}
${names.map((name) => `    let ${name} = none;`).join('\n')}
    let budget: u32 = ${flush};
    for (; runs > 0; runs--) {
      let left = steps;
      do {
        const count = min(left, budget);
        const end = w + count * ${stepBytes};
        do {
${indent(step, '          ')}
${lines(pixels, (p) => `          x${p} += ${inputBytes};`)}
          w += ${stepBytes};
        } while (w < end);
        left -= count;
        budget -= count;
        if (budget == 0) {
          budget = ${flush};
${indent(flushOf(kernel, true), '          ')}
${names.map((name) => `          ${name} = none;`).join('\n')}
        }
      } while (left > 0);
${lines(pixels, (p) => `      x${p} += gap;`)}
    }
    if (once) {
${indent(flushOf(kernel, false), '      ')}
    } else {
${indent(flushOf(kernel, true), '      ')}
    }
  }
}`;
}

/** A step's vectors of weights, i0 on. */
export function weightLoads(count) {
  return lines(count, (v) => `const i${v} = v128.load(w${v ? `, ${v * 16}` : ''});`);
}

function eachGroup({ pixels, groups, lanes }, write) {
  return Array.from({ length: pixels * groups }, (_, i) => write(lanes(Math.floor(i / groups), i % groups), i));
}

/** Brings the bytes to their 16-bit sums (assembly/table-lookup/sums.ts), adding to them or writing them anew. */
function flushOf(kernel, adds) {
  const put = (value, at) =>
    `v128.store(sums, ${adds ? `i16x8.add(v128.load(sums, ${at}), ${value})` : value}, ${at});`;
  return eachGroup(kernel, (lanes, i) => {
    const whole = combination(lanes, (name) => name);
    const upper = combination(lanes, (name) => `i16x8.shr_u(${name}, 8)`);
    return `${put(whole, i * 32)}\n${put(upper, i * 32 + 16)}`;
  }).join('\n');
}

function combination(lanes, read) {
  return lanes.reduce((sum, [name, power, negative]) => {
    const term = power === 0 ? read(name) : `i16x8.shl(${read(name)}, ${power})`;
    return sum === '' ? term : `i16x8.${negative ? 'sub' : 'add'}(${sum}, ${term})`;
  }, '');
}

function indent(text, by) {
  return text.replace(/^/gm, by);
}
