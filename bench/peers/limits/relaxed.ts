// Loops over registers alone, in relaxed SIMD.

/** f32 multiplication and addition in one. */
export function fusedMulAdd(steps: i32): f32 {
  let a0 = f32x4.splat(1);
  let a1 = f32x4.splat(1);
  let a2 = f32x4.splat(1);
  let a3 = f32x4.splat(1);
  let a4 = f32x4.splat(1);
  let a5 = f32x4.splat(1);
  let a6 = f32x4.splat(1);
  let a7 = f32x4.splat(1);
  let a8 = f32x4.splat(1);
  let a9 = f32x4.splat(1);
  let a10 = f32x4.splat(1);
  let a11 = f32x4.splat(1);
  const x = v128.load(0);
  const y = v128.load(16);
  do {
    a0 = f32x4.relaxed_madd(a0, x, y);
    a1 = f32x4.relaxed_madd(a1, x, y);
    a2 = f32x4.relaxed_madd(a2, x, y);
    a3 = f32x4.relaxed_madd(a3, x, y);
    a4 = f32x4.relaxed_madd(a4, x, y);
    a5 = f32x4.relaxed_madd(a5, x, y);
    a6 = f32x4.relaxed_madd(a6, x, y);
    a7 = f32x4.relaxed_madd(a7, x, y);
    a8 = f32x4.relaxed_madd(a8, x, y);
    a9 = f32x4.relaxed_madd(a9, x, y);
    a10 = f32x4.relaxed_madd(a10, x, y);
    a11 = f32x4.relaxed_madd(a11, x, y);
  } while (--steps);
  let all = a0;
  all = v128.xor(all, a1);
  all = v128.xor(all, a2);
  all = v128.xor(all, a3);
  all = v128.xor(all, a4);
  all = v128.xor(all, a5);
  all = v128.xor(all, a6);
  all = v128.xor(all, a7);
  all = v128.xor(all, a8);
  all = v128.xor(all, a9);
  all = v128.xor(all, a10);
  all = v128.xor(all, a11);
  return f32x4.extract_lane(all, 0);
}

/** Dot products of four 8-bit pairs, added to i32. */
export function dot(steps: i32): f32 {
  let a0 = i32x4.splat(1);
  let a1 = i32x4.splat(1);
  let a2 = i32x4.splat(1);
  let a3 = i32x4.splat(1);
  let a4 = i32x4.splat(1);
  let a5 = i32x4.splat(1);
  let a6 = i32x4.splat(1);
  let a7 = i32x4.splat(1);
  let a8 = i32x4.splat(1);
  let a9 = i32x4.splat(1);
  let a10 = i32x4.splat(1);
  let a11 = i32x4.splat(1);
  const x = v128.load(0);
  const y = v128.load(16);
  do {
    a0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a0);
    a1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a1);
    a2 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a2);
    a3 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a3);
    a4 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a4);
    a5 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a5);
    a6 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a6);
    a7 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a7);
    a8 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a8);
    a9 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a9);
    a10 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a10);
    a11 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x, y, a11);
  } while (--steps);
  let all = a0;
  all = v128.xor(all, a1);
  all = v128.xor(all, a2);
  all = v128.xor(all, a3);
  all = v128.xor(all, a4);
  all = v128.xor(all, a5);
  all = v128.xor(all, a6);
  all = v128.xor(all, a7);
  all = v128.xor(all, a8);
  all = v128.xor(all, a9);
  all = v128.xor(all, a10);
  all = v128.xor(all, a11);
  return f32x4.extract_lane(all, 0);
}
