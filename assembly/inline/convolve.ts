import { Parameters } from "./parameters";

/** Bytes at the start of the scratch that tiles and epilogues use; the packed input follows. Mirrored in TypeScript. */
@inline
export const STAGE_BYTES: usize = 768;

/**
 * Direct convolution by register tiles, for any `Tile` with these members (all inlined, so a tile costs no call):
 *   rows(), columns()     pixels and channels of the tile, as constants;
 *   step()                elements of the k-run that one step takes: 1, or 2 where products come in pairs;
 *   elementShift()        log2 of the bytes of a packed input element;
 *   stepBytes()           bytes of a weight panel one step takes;
 *   multiply(...)         the tile's accumulators, bias included, into the stage;
 *   store(...)            the epilogue.
 *
 * In NHWC the kernelWidth * inChannels elements that a window reads of one image row are contiguous, so the k-loop
 * walks kernelHeight such runs and there is no im2col. Weights come in panels [N / columns][kernelHeight][run][columns],
 * zero where a run is padded to whole steps: there the tile reads what follows the run and multiplies it by zero.
 *
 * The last tile of pixels is shifted back so that it ends at the last pixel, and so is the last panel of channels;
 * what is computed twice comes out the same. With fewer pixels than `rows` the offset table repeats the last one.
 */
@inline
export function convolve<Tile>(block: Parameters, source: usize): void {
  const tile = changetype<Tile>(0);
  const pixels = block.outHeight * block.outWidth;
  const channels = block.outChannels;
  const run = block.kernelWidth * block.inChannels;
  const steps = (run + tile.step() - 1) / tile.step();
  const rowElements = (block.width + block.paddingLeft + block.paddingRight) * block.inChannels;
  // from where the steps of one run end to where the next run begins; less than zero if the last step overshoots a row
  const gap: usize = (rowElements - steps * tile.step()) << tile.elementShift();
  const panelBytes = block.kernelHeight * steps * tile.stepBytes();
  const lastPixel = max<i32>(pixels - tile.rows(), 0);
  const lastChannel = max<i32>(channels - tile.columns(), 0);
  const constantsBytes = tile.columns() << 3;
  let weights = block.weights;
  let constants = block.constants;

  for (let n: u32 = 0; n < channels; n += tile.columns()) {
    const channel = min<u32>(n, lastChannel);
    for (let m: u32 = 0; m < pixels; m += tile.rows()) {
      const pixel = min<u32>(m, lastPixel);
      const offsets = block.offsets + (pixel << 2);
      tile.multiply(offsets, source, weights, constants, block.scratch, block.kernelHeight, gap, steps);
      tile.store(block, pixel, channel, constants + (tile.columns() << 2));
    }
    weights += panelBytes;
    constants += constantsBytes;
  }
}
