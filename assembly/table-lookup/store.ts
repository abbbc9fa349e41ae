import { Parameters } from "../inline/parameters";
import { storeIntegerTile } from "../inline/tile-store";

/**
 * The epilogue of a tile of `rows` pixels x `vectors` times 16 channels, each 16 channels' rows together in the stage.
 * With fewer than 16 channels rows pass through the scratch four at a time, which is what it has room for.
 */
@inline
export function storeTableTile(
  block: Parameters, stage: usize, pixel: u32, rows: u32, channel: u32, vectors: u32, multipliers: usize,
): void {
  if (rows > 4 && block.outChannels < 16) {
    const end = min(pixel + rows, block.outHeight * block.outWidth);
    for (; pixel < end; pixel += 4) {
      storeIntegerTile(block, stage, pixel, 4, channel, multipliers);
      stage += 256;
    }
    return;
  }
  for (let v: u32 = 0; v < vectors; v++) {
    storeIntegerTile(block, stage, pixel, rows, channel, multipliers);
    stage += rows << 6;
    channel += 16;
    multipliers += 64;
  }
}
