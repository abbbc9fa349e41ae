import { STAGE_BYTES } from "../inline/convolve";
import { Parameters } from "../inline/parameters";
import { storeRealTile } from "../inline/tile-store";
import { needsOnlyClamp } from "./finish-row";

/** The clamp of a tile, at the end of the stage: what else is there ends before. */
@inline
const LIMITS_AT: usize = STAGE_BYTES - 64;

/** Where the weights take no more than this, a strip of pixels is finished for all channels before the next one begins. */
@inline
const FEW_WEIGHTS: u32 = 49152;
/** Input and output of a strip, about: with the weights, within the second-level cache and mostly within the first. */
@inline
const STRIP_BYTES: u32 = 32768;

/**
 * `convolve` (assembly/inline/convolve.ts) for f32 tiles, of the same members but `store`. `multiply` clamps and writes rows
 * that begin `pitch` bytes apart: straight to the output where nothing but a clamp is left to do, else to the stage. That
 * matters where K is small, as does the order: with few weights strips of pixels go through all panels in turn, so that
 * input and output are met once and not once a panel.
 */
@inline
export function convolveReals<Tile>(block: Parameters, source: usize): void {
  const tile = changetype<Tile>(0);
  const pixels = block.outHeight * block.outWidth;
  const channels = block.outChannels;
  const steps = block.kernelWidth * block.inChannels;
  const gap: usize = ((block.width + block.paddingLeft + block.paddingRight) * block.inChannels - steps) << 2;
  const panelBytes = block.kernelHeight * steps * tile.stepBytes();
  const lastPixel: u32 = max<i32>(pixels - tile.rows(), 0);
  const lastChannel = max<i32>(channels - tile.columns(), 0);
  const direct = needsOnlyClamp(block) && channels >= tile.columns() && pixels >= tile.rows();
  const limits = block.scratch + LIMITS_AT;
  v128.store(limits, f32x4.splat(direct ? block.clampLow : f32.NEGATIVE_INFINITY));
  v128.store(limits, f32x4.splat(direct ? block.clampHigh : f32.POSITIVE_INFINITY), 16);
  const few = block.kernelHeight * steps * channels <= FEW_WEIGHTS >> 2;
  const strip = few ? (STRIP_BYTES / ((block.inChannels + channels) << 2) / tile.rows() + 1) * tile.rows() : pixels;
  for (let s: u32 = 0; s < pixels; s += strip) {
    const end = min(s + strip, pixels);
    let weights = block.weights;
    let constants = block.constants;
    for (let n: u32 = 0; n < channels; n += tile.columns()) {
      const channel = min<u32>(n, lastChannel);
      for (let m = s; m < end; m += tile.rows()) {
        const pixel = min<u32>(m, lastPixel);
        const target = direct ? block.output + ((pixel * channels + channel) << 2) : block.scratch;
        const pitch = direct ? channels << 2 : tile.columns() << 2;
        const offsets = block.offsets + (pixel << 2);
        tile.multiply(offsets, source, weights, constants, target, pitch, limits, block.kernelHeight, gap, steps);
        if (!direct) storeRealTile(block, block.scratch, pixel, tile.rows(), channel, tile.columns());
      }
      weights += panelBytes;
      constants += tile.columns() << 3;
    }
  }
}
