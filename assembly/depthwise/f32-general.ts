import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { finishRow } from "../f32/finish-row";
import { blockRow } from "../pack/to-blocks-f32";

/** What the general kernel needs beyond the parameter block: the start of the constants, before the biases. */
@unmanaged
class Window {
  dilationHeight: u32;
  dilationWidth: u32;
  /** Input rows that a window spans: (kernelHeight - 1) * dilationHeight + 1. */
  span: u32;
  spare: u32;
}

/**
 * f32 depthwise of any window, stride and dilation: four pixels x four channels, in the fixed order ky, kx starting at
 * the bias: the same bits as the reference on every engine.
 *
 * As in f32.ts, input rows are blocked by four channels in a ring, here of `span` rows; the row that the tap row ky reads
 * is the entry ky of a table.
 *
 *   scratch  | stage | table | zeros | row 0 | ... | row span - 1 | accumulators of an output row |
 *
 * Weights: [block][kernelHeight * kernelWidth][4] f32; constants: the window, then [block][4] biases.
 */
export function f32_conv_4x4__simd_depthwise(block: Parameters): void {
  const window = changetype<Window>(block.constants);
  const channels = block.inChannels;
  const outWidth = block.outWidth;
  const blocks = (channels + 3) >> 2;
  const blockBytes = (block.width + block.paddingLeft + block.paddingRight) << 4;
  const rowBytes = blocks * blockBytes;
  const inputBytes = (block.width * channels) << (block.inputType << 1);
  const weightBytes = (block.kernelHeight * block.kernelWidth) << 4;
  const zeros = block.scratch + STAGE_BYTES + ((block.kernelHeight * 4 + 15) & ~15);
  const ring = zeros + rowBytes;
  const accumulators = ring + window.span * rowBytes;
  memory.fill(zeros, 0, accumulators - zeros);
  let nextRow: i32 = 0;
  for (let y: u32 = 0; y < block.outHeight; y++) {
    const firstRow: i32 = y * block.strideHeight - block.paddingTop;
    const rowsEnd = min<i32>(firstRow + window.span, block.height);
    // rows that a stride leaves out would take the places of rows that are needed
    nextRow = max<i32>(nextRow, firstRow);
    for (; nextRow < rowsEnd; nextRow++) {
      const row = ring + (nextRow % window.span) * rowBytes + (block.paddingLeft << 4);
      blockRow(block, row, blockBytes, block.input + nextRow * inputBytes, 0, channels);
    }
    writeTable(block, window, firstRow, zeros, ring, rowBytes);
    for (let n: u32 = 0; n < blocks; n++) {
      const channel = <u32>max<i32>(min<i32>(n << 2, channels - 4), 0);
      const bias = block.constants + 16 + (n << 4);
      multiplyRow(block, window, n * blockBytes, block.weights + n * weightBytes, bias, accumulators + (channel << 2));
    }
    finishRow(block, accumulators, y * outWidth * channels, outWidth * channels);
  }
}

/** The addresses of the rows under a window whose first row is `firstRow`. */
function writeTable(block: Parameters, window: Window, firstRow: i32, zeros: usize, ring: usize, rowBytes: usize): void {
  let at = block.scratch + STAGE_BYTES;
  for (let ky: u32 = 0; ky < block.kernelHeight; ky++) {
    const row: i32 = firstRow + ky * window.dilationHeight;
    const inside = row >= 0 && row < <i32>block.height;
    store<u32>(at, inside ? ring + (row % window.span) * rowBytes : zeros);
    at += 4;
  }
}

/** The accumulators of one block in an output row; `offset` is the block's within an input row. */
function multiplyRow(block: Parameters, window: Window, offset: usize, weights: usize, bias: usize, target: usize): void {
  const table = block.scratch + STAGE_BYTES;
  const pixels: i32 = block.outWidth;
  const pitch = block.inChannels << 2;
  const stride = block.strideWidth << 4;
  const dilation = window.dilationWidth << 4;
  let x = 0;
  for (; x + 4 <= pixels; x += 4) {
    let w = weights;
    let a = v128.load(bias);
    let b = a;
    let c = a;
    let d = a;
    for (let ky: u32 = 0; ky < block.kernelHeight; ky++) {
      let p = load<u32>(table + (ky << 2)) + offset + x * stride;
      const end = w + (block.kernelWidth << 4);
      while (w < end) {
        const tap = v128.load(w);
        a = f32x4.add(a, f32x4.mul(v128.load(p), tap));
        b = f32x4.add(b, f32x4.mul(v128.load(p + stride), tap));
        c = f32x4.add(c, f32x4.mul(v128.load(p + stride * 2), tap));
        d = f32x4.add(d, f32x4.mul(v128.load(p + stride * 3), tap));
        p += dilation;
        w += 16;
      }
    }
    v128.store(target, a);
    v128.store(target + pitch, b);
    v128.store(target + pitch * 2, c);
    v128.store(target + pitch * 3, d);
    target += pitch * 4;
  }
  for (; x < pixels; x++) {
    let w = weights;
    let a = v128.load(bias);
    for (let ky: u32 = 0; ky < block.kernelHeight; ky++) {
      let p = load<u32>(table + (ky << 2)) + offset + x * stride;
      const end = w + (block.kernelWidth << 4);
      while (w < end) {
        a = f32x4.add(a, f32x4.mul(v128.load(p), v128.load(w)));
        p += dilation;
        w += 16;
      }
    }
    v128.store(target, a);
    target += pitch;
  }
}
