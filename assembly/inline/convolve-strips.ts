import { STAGE_BYTES } from "./convolve";
import { Parameters } from "./parameters";
import { storeIntegerTile } from "./tile-store";

/** Pixels of a strip, at most, and the sums of 16 channels of each. Mirrored in src/kernels/families/int8.ts. */
@inline
const STRIP_PIXELS: u32 = 16;
@inline
const STRIP_BYTES: usize = 1024;

/** Where tiles that are finished in strips have their packed input: after the stage, the strip and four words of theirs. */
@inline
export const PACKED_AT: usize = STAGE_BYTES + STRIP_BYTES + 16;

/**
 * `convolve` (assembly/inline/convolve.ts) for integer tiles of 16 channels: the sums of a strip of pixels wait after the
 * stage and are finished at once, since an epilogue for each tile pays for its constants every two or three pixels, which is
 * much where K is small. The same members of a tile are used but `store`.
 *
 * The last tile is shifted back within its strip, and a strip that would hold less than a tile begins a tile before the end.
 */
@inline
export function convolveStrips<Tile>(block: Parameters, source: usize): void {
  const tile = changetype<Tile>(0);
  const pixels = block.outHeight * block.outWidth;
  const channels = block.outChannels;
  const run = block.kernelWidth * block.inChannels;
  const steps = (run + tile.step() - 1) / tile.step();
  const rowElements = (block.width + block.paddingLeft + block.paddingRight) * block.inChannels;
  const gap: usize = (rowElements - steps * tile.step()) << tile.elementShift();
  const panelBytes = block.kernelHeight * steps * tile.stepBytes();
  const lastPixel: u32 = max<i32>(pixels - tile.rows(), 0);
  const lastChannel = max<i32>(channels - 16, 0);
  const stripPixels = STRIP_PIXELS / tile.rows() * tile.rows();
  const strip = block.scratch + STAGE_BYTES;
  let weights = block.weights;
  let constants = block.constants;

  for (let n: u32 = 0; n < channels; n += 16) {
    const channel = min<u32>(n, lastChannel);
    for (let m: u32 = 0; m < pixels; m += stripPixels) {
      const first = min<u32>(m, lastPixel);
      const count = min<u32>(stripPixels, pixels - first);
      for (let t: u32 = 0; t < count; t += tile.rows()) {
        const pixel = min<u32>(first + t, lastPixel);
        const sums = strip + ((pixel - first) << 6);
        tile.multiply(block.offsets + (pixel << 2), source, weights, constants, sums, block.kernelHeight, gap, steps);
      }
      storeStrip(block, strip, first, count, channel, constants + 64);
    }
    weights += panelBytes;
    constants += 128;
  }
}

/** At once, or four pixels at a time where there are fewer channels than the tile has: those pass through the stage. */
function storeStrip(block: Parameters, sums: usize, pixel: u32, count: u32, channel: u32, multipliers: usize): void {
  const rows: u32 = block.outChannels < 16 ? 4 : STRIP_PIXELS;
  for (let i: u32 = 0; i < count; i += rows) {
    storeIntegerTile(block, sums + (i << 6), pixel + i, min(rows, count - i), channel, multipliers);
  }
}
