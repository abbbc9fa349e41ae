/**
 * The sums of the packed depthwise kernels: one row (or, with two fields a lane, two rows) of outputs of 8 channels, for
 * strides 1 and 2. assembly/depthwise/packed.ts has the method and the driver.
 */

/** Text of assembly/generated/packed-depthwise-sums.ts. */
export function packedDepthwise() {
  const kinds = [1, 2].flatMap((fields) => [1, 2].map((stride) => sums(fields, stride)));
  return { 'packed-depthwise-sums': [HEADER, ...kinds].join('\n') };
}

const HEADER = `// Written by scripts/kernels/packed-depthwise.mjs; assembly/depthwise/packed.ts explains the method.
`;

function sums(fields, stride) {
  const rows = fields === 1 ? 3 : 3 + stride;
  const body = stride === 1 ? strideOne(fields) : strideTwo(fields);
  const later = Array.from({ length: rows - 1 }, (_, i) => i + 1);
  return `/** ${fields === 1 ? 'One output row' : 'Two output rows'}, stride ${stride}: \`count\` columns of 8 channels from \`source\`, 16 bytes each to \`target\`. */
export function sums${fields}Stride${stride}(source: usize, row: usize, pixel: usize, w: usize, target: usize, count: u32): void {
${[0, 1, 2].flatMap((ky) => [0, 1, 2].map((kx) => `  const w${ky}${kx} = v128.load(w, ${(ky * 3 + kx) * 16});`)).join('\n')}
  const end = target + (count << 4);
  let x0 = source;
${later.map((i) => `  let x${i} = x${i - 1} + row;`).join('\n')}
${body}
}
`;

  /** Stride 1: the columns at hand give their last tap to the oldest sum and their first one to a new one. */
  function strideOne() {
    return `${column('f', '  ')}
  let a = ${taps('f', 0)};
${column('g', '  ')}
  a = i16x8.add(a, ${taps('g', 1)});
  let b = ${taps('g', 0)};
  do {
${column('p', '    ')}
    v128.store(target, i16x8.add(a, ${taps('p', 2)}));
    a = i16x8.add(b, ${taps('p', 1)});
    b = ${taps('p', 0)};
    target += 16;
  } while (target < end);`;
  }

  function strideTwo() {
    return `${column('f', '  ')}
  let a = ${taps('f', 0)};
  do {
${column('p', '    ')}
    a = i16x8.add(a, ${taps('p', 1)});
${column('q', '    ')}
    v128.store(target, i16x8.add(a, ${taps('q', 2)}));
    a = ${taps('q', 0)};
    target += 16;
  } while (target < end);`;
  }

  /** Loads a column of the window as \`<name>0\` to \`<name>2\` and goes to the next. */
  function column(name, indent) {
    const text = fields === 1 ? widened(name) : interleaved(name);
    const steps = Array.from({ length: rows }, (_, i) => `x${i} += pixel;`);
    return [...text, ...steps].map((line) => indent + line).join('\n');
  }

  function widened(name) {
    return [0, 1, 2].map((ky) => `const ${name}${ky} = v128.load8x8_u(x${ky});`);
  }

  /** Row i below, row i + stride above: the windows of the two output rows. */
  function interleaved(name) {
    const loads = Array.from({ length: rows }, (_, i) => `const ${name}r${i} = v128.load64_zero(x${i});`);
    const lanes = Array.from({ length: 8 }, (_, i) => `${i}, ${i + 16}`).join(', ');
    const pairs = [0, 1, 2].map(
      (ky) => `const ${name}${ky} = i8x16.shuffle(${name}r${ky}, ${name}r${ky + stride}, ${lanes});`,
    );
    return [...loads, ...pairs];
  }

  function taps(name, kx) {
    const product = (ky) => `i16x8.mul(${name}${ky}, w${ky}${kx})`;
    return `i16x8.add(i16x8.add(${product(0)}, ${product(1)}), ${product(2)})`;
  }
}
