import { Packing, Parameters } from "../inline/parameters";
import { buildTableRow, tablePixelBytes, tableRowPixels } from "./build";
import { HEADER_BYTES } from "./store";
import { TABLES_AT } from "./sums";

/** Bytes of weights that are swept for all pixels before the next ones are: they stay in the first-level cache. */
const BLOCK_BYTES: u32 = 16384;

/**
 * Convolution by table lookup.
 */
@inline
export function convolveByTables<Tile>(block: Parameters, maximum: u32, signs: bool): void {
  const tile = changetype<Tile>(0);
  const pixels = block.outHeight * block.outWidth;
  const channels = block.outChannels;
  const columns = tile.columns();
  const source = block.scratch + TABLES_AT;
  const pixelBytes = tablePixelBytes(block);
  const rowBytes = tableRowPixels(block) * pixelBytes;
  const run = block.kernelWidth * (pixelBytes >> 4);
  const unroll = tile.unroll();
  const steps = (run + unroll - 1) / unroll * unroll;
  const gap: usize = rowBytes - (steps << 4);
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
    for (let m: u32 = 0; m < pixels; m += tile.rows()) {
      const pixel = min<u32>(m, lastPixel);
      const needed = (min<u32>(pixel + tile.rows(), pixels) - 1) / block.outWidth * rowStep + rowReach;
      for (; rows < needed; rows++) {
        buildTableRow(block, target, rows, maximum, signs);
        target += rowBytes;
      }
      const offsets = block.offsets + (pixel << 2);
      w = weights;
      c = constants;
      for (let n = first; n < end; n += columns) {
        const channel = min<u32>(n, lastChannel);
        tile.multiply(offsets, source, w, block.scratch, block.kernelHeight, gap, steps);
        tile.store(block, pixel, channel, c);
        w += panelBytes;
        c += columns << 3;
      }
    }
    weights = w;
    constants = c;
  }
}
