import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { storeRealTile } from "../inline/tile-store";
import { packToF32 } from "../pack/to-f32";
import { finishRow } from "./finish-row";

/** What the grouped kernel needs beyond the parameter block: the start of the constants, before the biases. */
@unmanaged
class Groups {
  count: u32;
  /** Panels of eight output channels a group. */
  panels: u32;
  /** Where in the constants stand the bytes from the start of a window to each of its pixels. */
  taps: usize;
  spare: u32;
}

/**
 * f32 convolution of any groups and dilation, 4 pixels x 8 channels of one group, in the fixed order ky, kx, channel
 * starting at the bias: the same bits as the reference on every engine.
 *
 * The input is packed as for the direct kernels; a table holds where the pixels of a window lie, so that dilation costs
 * one load a tap. The last panel of a group is shifted back to end at the group's last channel; in groups of fewer than
 * eight the lanes past them are zero and not stored.
 *
 * Weights: [group][panel][kernelHeight * kernelWidth][inChannels / groups][8] f32; constants: the groups, then
 * [group][panel][8] biases. Alignment: weights 16 bytes, input any. Nothing is read past the packed input.
 */
export function f32_conv_4x8__simd_grouped(block: Parameters): void {
  const groups = changetype<Groups>(block.constants);
  const source = packToF32(block, block.scratch + STAGE_BYTES);
  const inputs = block.inChannels / groups.count;
  const outputs = block.outChannels / groups.count;
  const taps = block.kernelHeight * block.kernelWidth;
  const pixels = block.outHeight * block.outWidth;
  const panelBytes = (taps * inputs) << 5;
  const tapTable = block.constants + groups.taps;
  let weights = block.weights;
  let bias = block.constants + 16;
  for (let g: u32 = 0; g < groups.count; g++) {
    const from = source + ((g * inputs) << 2);
    for (let n: u32 = 0; n < groups.panels; n++) {
      const channel = g * outputs + <u32>max<i32>(min<i32>(n << 3, outputs - 8), 0);
      for (let m: u32 = 0; m < pixels; m += 4) {
        const pixel = <u32>max<i32>(min<i32>(m, pixels - 4), 0);
        multiply(block.offsets + (pixel << 2), from, weights, bias, block.scratch, tapTable, taps, inputs);
        storeTile(block, pixel, min<u32>(4, pixels - pixel), channel, outputs);
      }
      weights += panelBytes;
      bias += 32;
    }
  }
}

function storeTile(block: Parameters, pixel: u32, rows: u32, channel: u32, outputs: u32): void {
  if (outputs >= 8) {
    storeRealTile(block, block.scratch, pixel, 4, channel, 8);
    return;
  }
  for (let r: u32 = 0; r < rows; r++) {
    finishRow(block, block.scratch + (r << 5), (pixel + r) * block.outChannels + channel, outputs);
  }
}

@inline
function multiply(
  offsets: usize, source: usize, w: usize, bias: usize, stage: usize, tap: usize, taps: u32, inputs: u32,
): void {
  const x0 = source + load<u32>(offsets);
  const x1 = source + load<u32>(offsets, 4);
  const x2 = source + load<u32>(offsets, 8);
  const x3 = source + load<u32>(offsets, 12);
  let a0 = v128.load(bias);
  let a1 = v128.load(bias, 16);
  let b0 = a0;
  let b1 = a1;
  let c0 = a0;
  let c1 = a1;
  let d0 = a0;
  let d1 = a1;
  const lastTap = tap + (taps << 2);
  while (tap < lastTap) {
    let k: usize = load<u32>(tap);
    tap += 4;
    const end = w + (inputs << 5);
    do {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      const p = v128.load32_splat(x0 + k);
      a0 = f32x4.add(a0, f32x4.mul(p, w0));
      a1 = f32x4.add(a1, f32x4.mul(p, w1));
      const q = v128.load32_splat(x1 + k);
      b0 = f32x4.add(b0, f32x4.mul(q, w0));
      b1 = f32x4.add(b1, f32x4.mul(q, w1));
      const r = v128.load32_splat(x2 + k);
      c0 = f32x4.add(c0, f32x4.mul(r, w0));
      c1 = f32x4.add(c1, f32x4.mul(r, w1));
      const s = v128.load32_splat(x3 + k);
      d0 = f32x4.add(d0, f32x4.mul(s, w0));
      d1 = f32x4.add(d1, f32x4.mul(s, w1));
      k += 4;
      w += 32;
    } while (w < end);
  }
  v128.store(stage, a0);
  v128.store(stage, a1, 16);
  v128.store(stage, b0, 32);
  v128.store(stage, b1, 48);
  v128.store(stage, c0, 64);
  v128.store(stage, c1, 80);
  v128.store(stage, d0, 96);
  v128.store(stage, d1, 112);
}
