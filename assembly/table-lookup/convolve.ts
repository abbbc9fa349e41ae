import { Packing, Parameters } from "../inline/parameters";
import { buildRow, packedPixelBytes, packedRowPixels } from "./rows";
import { HEADER_BYTES, storeSums } from "./store";
import { CHUNK_PIXELS, SUMS_AT, PACKED_AT } from "./sums";

/** Bytes of weights that are swept for all pixels before the next ones are: they stay in the first-level cache. */
const BLOCK_BYTES: u32 = 16384;

/**
 * Convolution by table lookup, for weights of one or two bits. Four products and their sum cost one `swizzle` for 16
 * channels: the table of four activations (build.ts) is looked up by four bits of each channel's weights, and the entries are
 * added in byte lanes.
 *
 *   table     | T[0] | T[1] | ... | T[15] |          of four neighbouring activations of a pixel
 *   indices   | n of c0 | n of c8 | n of c1 | ...    one byte a channel, 0 to 15
 *   lookup    | T[n of c0] | T[n of c8] | ...        added to the byte lanes of the pixel
 *
 * One bit: the index bit is 1 for a weight of +1, and what its table adds for each -1 is in the bias. Two bits: one vector of
 * indices for each plane of the two's complement w = b0 - 2 b1.
 *
 * Bounds, m = 2^a - 1 the greatest activation:
 *   byte lanes     an entry is at most 4 m, and at most `flush` of them are added before the lanes go to 16-bit sums:
 *                  a = 1: 63 * 4 = 252, a = 2: 21 * 12 = 252, a = 4: 4 * 60 = 240, all <= 255
 *   16-bit sums    one bit: 0 .. m K, so m K <= 65535: K <= 65535, 21845, 4369 for a = 1, 2, 4;
 *                  two bits: -2 m K .. m K, moved up by 2^15, so 2 m K <= 32768: K <= 5461 for a = 2
 *   accumulators   int32, the bias included; a 16-bit sum cannot bring them to overflow unless the bias is beside it
 *
 * The driver sweeps the channels' panels for 16 pixels at a time, so that their tables stay in the first-level cache, and
 * builds each row of tables just before the first pixel that needs it. Where all panels do not fit the cache either, as many
 * as do are swept for all pixels first.
 *
 * `Tile` (assembly/generated) has rows(), columns(), inputBytes() and stepBytes(), all constants, and multiply(...), which leaves
 * 16-bit sums. The last tile of pixels is shifted back so that it ends at the last pixel, and so is the last panel of
 * channels; what is computed twice comes out the same.
 *
 * Alignment: weights and tables 16 bytes. Reads nothing past the input or its tables.
 */
@inline
export function convolveByLanes<Tile, Builder>(block: Parameters, maximum: u32, signs: bool): void {
  const tile = changetype<Tile>(0);
  const pixels = block.outHeight * block.outWidth;
  const channels = block.outChannels;
  const columns = tile.columns();
  const source = block.scratch + PACKED_AT;
  const pixelBytes = packedPixelBytes<Builder>(block, maximum);
  const rowBytes = packedRowPixels(block) * pixelBytes;
  const runBytes = block.kernelWidth * pixelBytes;
  const steps = runBytes / tile.inputBytes();
  const gap: usize = rowBytes - runBytes;
  const panelBytes = block.kernelHeight * steps * tile.stepBytes();
  const lastPixel = max<i32>(pixels - tile.rows(), 0);
  const lastChannel = max<i32>(channels - columns, 0);
  const gathered = block.packing == Packing.GATHERED;
  const rowStep = gathered ? 1 : block.strideHeight;
  const rowReach = gathered ? 1 : block.kernelHeight;
  const blockColumns = max<u32>(BLOCK_BYTES / panelBytes, 1) * columns;
  let rows: u32 = 0;
  let target = source;
  let weights = block.weights;
  let constants = block.constants + HEADER_BYTES;

  for (let first: u32 = 0; first < channels; first += blockColumns) {
    const end = min(first + blockColumns, channels);
    let w: usize = weights;
    let c: usize = constants;
    for (let m: u32 = 0; m < pixels; m += CHUNK_PIXELS) {
      const chunk = min<u32>(m, lastPixel);
      const chunkEnd = min<u32>(m + CHUNK_PIXELS, pixels);
      const needed = (chunkEnd - 1) / block.outWidth * rowStep + rowReach;
      for (; rows < needed; rows++) {
        buildRow<Builder>(block, target, rows, maximum, signs);
        target += rowBytes;
      }
      w = weights;
      c = constants;
      for (let n = first; n < end; n += columns) {
        const channel = min<u32>(n, lastChannel);
        for (let p = chunk; p < chunkEnd; p += tile.rows()) {
          const pixel = min<u32>(p, lastPixel);
          const sums = block.scratch + SUMS_AT + ((pixel - chunk) * columns << 1);
          tile.multiply(block.offsets + (pixel << 2), source, w, sums, block.kernelHeight, gap, steps);
        }
        storeSums(block, chunk, chunkEnd - chunk, channel, columns >> 4, c);
        w += panelBytes;
        c += columns << 3;
      }
    }
    weights = w;
    constants = c;
  }
}
