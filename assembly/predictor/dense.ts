// Arithmetic of small fully connected networks in f32: products of matrices, and what a training step does element by
// element. Every result is a fixed sequence of single-precision operations without fused multiply-add, so that it is the
// same on every engine; `src/accuracy/predictor/plain-arithmetic.ts` makes the same bits one number at a time.
//
// Matrices are row-major and 16-byte aligned, rows a multiple of 4 where they are results, columns a multiple of 8.

/**
 * c[m][n] = Σ over k, ascending, of a(m, k) · b[k][n]; a(m, k) lies at a + m · rowStep + k · columnStep (bytes), so that a
 * matrix serves turned as well.
 */
export function f32_multiply(
  a: usize, rowStep: usize, columnStep: usize, b: usize, c: usize, rows: i32, depth: i32, columns: i32,
): void {
  const wide = <usize>columns << 2;
  for (let n: usize = 0; n < wide; n += 32) {
    let from = a;
    let to = c + n;
    for (let m = 0; m < rows; m += 4) {
      tile4x8(from, rowStep, columnStep, b + n, wide, to, depth);
      from += rowStep << 2;
      to += wide << 2;
    }
  }
}

@inline
function tile4x8(
  a0: usize, rowStep: usize, columnStep: usize, b: usize, wide: usize, c: usize, depth: i32,
): void {
  const zero = f32x4.splat(0);
  let a1 = a0 + rowStep, a2 = a1 + rowStep, a3 = a2 + rowStep;
  let s00 = zero, s01 = zero, s10 = zero, s11 = zero;
  let s20 = zero, s21 = zero, s30 = zero, s31 = zero;
  for (let k = 0; k < depth; k++) {
    const low = v128.load(b), high = v128.load(b, 16);
    let x = v128.load32_splat(a0);
    s00 = f32x4.add(s00, f32x4.mul(x, low));
    s01 = f32x4.add(s01, f32x4.mul(x, high));
    x = v128.load32_splat(a1);
    s10 = f32x4.add(s10, f32x4.mul(x, low));
    s11 = f32x4.add(s11, f32x4.mul(x, high));
    x = v128.load32_splat(a2);
    s20 = f32x4.add(s20, f32x4.mul(x, low));
    s21 = f32x4.add(s21, f32x4.mul(x, high));
    x = v128.load32_splat(a3);
    s30 = f32x4.add(s30, f32x4.mul(x, low));
    s31 = f32x4.add(s31, f32x4.mul(x, high));
    a0 += columnStep;
    a1 += columnStep;
    a2 += columnStep;
    a3 += columnStep;
    b += wide;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  c += wide;
  v128.store(c, s10);
  v128.store(c, s11, 16);
  c += wide;
  v128.store(c, s20);
  v128.store(c, s21, 16);
  c += wide;
  v128.store(c, s30);
  v128.store(c, s31, 16);
}

/** to[column][row] = from[row][column]. */
export function f32_transpose(from: usize, to: usize, rows: i32, columns: i32): void {
  const step = <usize>rows << 2;
  for (let row = 0; row < rows; row++) {
    let place = to + (<usize>row << 2);
    for (let column = 0; column < columns; column++) {
      f32.store(place, f32.load(from));
      from += 4;
      place += step;
    }
  }
}

/** values[row][column] += bias[column], and below 0 becomes 0 where `rectify` is not 0. */
export function f32_add_bias(values: usize, bias: usize, rows: i32, columns: i32, rectify: i32): void {
  const wide = <usize>columns << 2;
  const zero = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    for (let i: usize = 0; i < wide; i += 16) {
      let value = f32x4.add(v128.load(values + i), v128.load(bias + i));
      if (rectify) value = v128.and(value, f32x4.gt(value, zero));
      v128.store(values + i, value);
    }
    values += wide;
  }
}

/** gradient = 0 wherever values are not above 0. */
export function f32_mask(gradient: usize, values: usize, count: i32): void {
  const zero = f32x4.splat(0);
  const end = gradient + (<usize>count << 2);
  for (; gradient < end; gradient += 16) {
    v128.store(gradient, v128.and(v128.load(gradient), f32x4.gt(v128.load(values), zero)));
    values += 16;
  }
}

/** sums[column] = Σ over rows, ascending, of values[row][column]. */
export function f32_sum_columns(values: usize, sums: usize, rows: i32, columns: i32): void {
  const wide = <usize>columns << 2;
  for (let i: usize = 0; i < wide; i += 16) {
    let sum = f32x4.splat(0);
    let at = values + i;
    for (let row = 0; row < rows; row++) {
      sum = f32x4.add(sum, v128.load(at));
      at += wide;
    }
    v128.store(sums + i, sum);
  }
}

/** Where `settings` of {@link f32_adam} keep their f32 numbers. */
export const enum Adam {
  rate,
  decay,
  firstKept,
  secondKept,
  firstScale,
  secondScale,
}

/** What a root is kept away from 0 by. */
const EPSILON: f32 = 1e-8;

@inline
function setting(settings: usize, index: usize): v128 {
  return v128.load32_splat(settings + (index << 2));
}

/**
 * One step of Adam with decoupled weight decay:
 * m = b1·m + (1 − b1)·g, v = b2·v + ((1 − b2)·g)·g, w = w − rate·((m·s1) / (√(v·s2) + ε) + decay·w).
 */
export function f32_adam(
  weights: usize, gradient: usize, first: usize, second: usize, count: i32, settings: usize,
): void {
  const one = f32x4.splat(1), epsilon = f32x4.splat(EPSILON);
  const rate = setting(settings, Adam.rate), decay = setting(settings, Adam.decay);
  const b1 = setting(settings, Adam.firstKept), b2 = setting(settings, Adam.secondKept);
  const s1 = setting(settings, Adam.firstScale), s2 = setting(settings, Adam.secondScale);
  const c1 = f32x4.sub(one, b1), c2 = f32x4.sub(one, b2);
  const end = <usize>count << 2;
  for (let i: usize = 0; i < end; i += 16) {
    const g = v128.load(gradient + i), w = v128.load(weights + i);
    const m = f32x4.add(f32x4.mul(b1, v128.load(first + i)), f32x4.mul(c1, g));
    const v = f32x4.add(f32x4.mul(b2, v128.load(second + i)), f32x4.mul(f32x4.mul(c2, g), g));
    v128.store(first + i, m);
    v128.store(second + i, v);
    const step = f32x4.div(f32x4.mul(m, s1), f32x4.add(f32x4.sqrt(f32x4.mul(v, s2)), epsilon));
    v128.store(weights + i, f32x4.sub(w, f32x4.mul(rate, f32x4.add(step, f32x4.mul(decay, w)))));
  }
}
