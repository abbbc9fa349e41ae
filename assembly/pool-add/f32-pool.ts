import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { copyTail } from "../inline/copy";
import { storeReals } from "../inline/elements";
import { readReals } from "../pack/to-f32";

/**
 * Average and maximum over windows of reals, 4 channels a step; a u8 input is first read as reals into the scratch.
 *   average: sum in window order (row by row) from 0, then fround(sum / f32(count))
 *   maximum: the first greatest value
 * Padding neither counts nor wins. The last 4 channels are shifted back; fewer than 4 pass through the scratch.
 */
@inline
function pool(block: Parameters, average: bool): void {
  const channels = block.inChannels;
  const partial = channels < 4;
  const width: u32 = block.outputType ? 4 : 1;
  let source = block.input;
  if (!block.inputType) {
    source = block.scratch + STAGE_BYTES;
    const count = block.height * block.width * channels;
    readReals(source, block.input, count, 0, block.inputZeroPoint, block.inputScale, block.scratch);
  }
  let target = block.output;

  for (let oy: u32 = 0; oy < block.outHeight; oy++) {
    const top = <i32>(oy * block.strideHeight) - <i32>block.paddingTop;
    const y0 = max<i32>(top, 0);
    const y1 = min<i32>(top + block.kernelHeight, block.height);
    for (let ox: u32 = 0; ox < block.outWidth; ox++) {
      const left = <i32>(ox * block.strideWidth) - <i32>block.paddingLeft;
      const x0 = max<i32>(left, 0);
      const x1 = min<i32>(left + block.kernelWidth, block.width);
      for (let c: u32 = 0; c < channels; c += 4) {
        const channel = partial ? 0 : min<u32>(c, channels - 4);
        const result = reduce(block, source + (channel << 2), average, y0, y1, x0, x1);
        v128.store(block.scratch, result, 64);
        storeReals(block, target + channel * width, block.scratch + 64, min<u32>(channels, 4));
      }
      target += channels * width;
    }
  }
}

/** The window's average or maximum for 4 channels. */
@inline
function reduce(block: Parameters, source: usize, average: bool, y0: i32, y1: i32, x0: i32, x1: i32): v128 {
  const channels = block.inChannels;
  const pixelBytes = channels << 2;
  let result = average ? f32x4.splat(0) : f32x4.splat(-Infinity);
  for (let y = y0; y < y1; y++) {
    let at = source + (y * block.width + x0) * pixelBytes;
    for (let x = x0; x < x1; x++) {
      let v: v128;
      if (channels >= 4) v = v128.load(at);
      else {
        copyTail(block.scratch, at, pixelBytes);
        v = v128.load(block.scratch);
      }
      result = average ? f32x4.add(result, v) : f32x4.pmax(result, v);
      at += pixelBytes;
    }
  }
  if (average) result = f32x4.div(result, f32x4.splat(<f32>((y1 - y0) * (x1 - x0))));
  return result;
}

export function f32_averagepool_1x4__simd(block: Parameters): void {
  pool(block, true);
}

/** The window is the plane. */
export function f32_globalaveragepool_1x4__simd(block: Parameters): void {
  pool(block, true);
}

export function f32_maxpool_1x4__simd(block: Parameters): void {
  pool(block, false);
}
