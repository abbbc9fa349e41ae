import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { finishRow, needsOnlyClamp } from "../f32/finish-row";
import {
  inputTransform2, inputTransform4, outputTransform2, outputTransform4,
} from "../generated/f32-winograd";
import { blockRow } from "../pack/to-blocks-f32";

/** The start of the constants, before the biases: the geometry of the tiles, computed where the scratch is sized. */
@unmanaged
class Tiling {
  /** Tiles down and across the output. */
  rows: u32;
  columns: u32;
  /** Rows of tiles that go through the three steps together. */
  bandRows: u32;
  spare: u32;
}

/** Where the parts of the scratch lie; a copy of what `scratchBytes` in TypeScript adds up. */
@unmanaged
class Areas {
  band: usize;
  /** Bytes of an image row of the band and of its blocks of four channels. */
  rowBytes: usize;
  blockBytes: usize;
  /** Transformed inputs and products, one matrix after the other. */
  inputs: usize;
  inputStep: usize;
  products: usize;
  productStep: usize;
  /** Where accumulators wait for the epilogue: the rows of one row of tiles. */
  accumulators: usize;
}

/** Offsets within the scratch, after the intermediate of the transforms. */
@inline
const AREAS: usize = 704;
@inline
const LIMITS: usize = 736;
@inline
const PATCH: usize = 384;

/**
 * Winograd convolution F(size, 3) for kernels of 3 x 3 with stride 1: Y = At [ (Bt d B) . U ] A for tiles of
 * size x size outputs. The transforms run in vectors of four channels; the products are one matrix multiplication
 * for each of the (size + 2)^2 positions, with U = G w Gt made in TypeScript.
 *
 *   band      rows of tiles as image rows, blocked by four channels, with halo and overhang zero
 *   inputs    [position][tile][inChannels] f32, matrices 64 bytes apart lest they fall on the same cache sets
 *   products  [position][tile][outChannels, in eights] f32
 *
 * `Product` has rows(), the tiles of a step, and multiply(...), the product of one position.
 *
 * Weights: [position][outChannels / 8][inChannels][8] f32; constants: the tiling, then outChannels biases.
 * The sums are rounded in another order than the reference's: see `errorBound`. Alignment: weights and scratch 16
 * bytes, tensors any.
 */
@inline
export function winograd<Product>(block: Parameters, size: u32): void {
  const product = changetype<Product>(0);
  const tiling = changetype<Tiling>(block.constants);
  const areas = layOut(block, tiling, size, product.rows());
  const outputs = ((block.outChannels + 7) >> 3) << 5;
  const positions = (size + 2) * (size + 2);
  const bandRows = tiling.bandRows;
  for (let first: u32 = 0; first < tiling.rows; first += bandRows) {
    const rows = min(bandRows, tiling.rows - first);
    const tiles = rows * tiling.columns;
    fillBand(block, areas, <i32>(first * size) - block.paddingTop, rows * size + 2);
    transformInputs(block, tiling, areas, rows, size);
    let weights = block.weights;
    for (let p: u32 = 0; p < positions; p++) {
      const source = areas.inputs + p * areas.inputStep;
      const target = areas.products + p * areas.productStep;
      weights = product.multiply(source, weights, target, block.inChannels, outputs >> 5, tiles);
    }
    for (let r: u32 = 0; r < rows; r++) {
      const products = areas.products + r * tiling.columns * outputs;
      transformOutputs(block, tiling, areas, products, outputs, first + r, size);
    }
  }
}

@inline
function layOut(block: Parameters, tiling: Tiling, size: u32, productRows: u32): Areas {
  const areas = changetype<Areas>(block.scratch + AREAS);
  const tiles = tiling.bandRows * tiling.columns;
  const edge = size + 2;
  const blocks = (block.inChannels + 3) >> 2;
  areas.blockBytes = (tiling.columns * size + 2) << 4;
  areas.rowBytes = areas.blockBytes * blocks;
  areas.band = block.scratch + STAGE_BYTES;
  const bandBytes = (tiling.bandRows * size + 2) * areas.rowBytes;
  areas.inputStep = ((tiles * block.inChannels * 4 + 15) & ~15) + 64;
  const productTiles = ((tiles + productRows - 1) / productRows) * productRows;
  areas.productStep = productTiles * (((block.outChannels + 7) >> 3) << 5) + 64;
  areas.inputs = areas.band + bandBytes;
  areas.products = areas.inputs + edge * edge * areas.inputStep;
  areas.accumulators = areas.products + edge * edge * areas.productStep;
  // halo and overhang stay zero: rows are written between them
  memory.fill(areas.band, 0, bandBytes);
  const direct = needsOnlyClamp(block);
  v128.store(block.scratch + LIMITS, f32x4.splat(direct ? block.clampLow : f32.NEGATIVE_INFINITY));
  v128.store(block.scratch + LIMITS, f32x4.splat(direct ? block.clampHigh : f32.POSITIVE_INFINITY), 16);
  return areas;
}

/** Brings `count` image rows from `first` on into the band; those outside the image are zero. */
function fillBand(block: Parameters, areas: Areas, first: i32, count: u32): void {
  const inputBytes = (block.width * block.inChannels) << (block.inputType << 1);
  let row = areas.band;
  for (let y: i32 = first; y < first + <i32>count; y++) {
    if (y < 0 || y >= <i32>block.height) memory.fill(row, 0, areas.rowBytes);
    else blockRow(block, row + (block.paddingLeft << 4), areas.blockBytes, block.input + y * inputBytes);
    row += areas.rowBytes;
  }
}

@inline
function transformInputs(block: Parameters, tiling: Tiling, areas: Areas, rows: u32, size: u32): void {
  const channels = block.inChannels;
  let target = areas.inputs;
  for (let r: u32 = 0; r < rows; r++) {
    for (let t: u32 = 0; t < tiling.columns; t++) {
      let source = areas.band + r * size * areas.rowBytes + ((t * size) << 4);
      for (let n: u32 = 0; n < channels; n += 4) {
        const to = target + (min(n, channels - 4) << 2);
        if (size == 4) inputTransform4(source, areas.rowBytes, to, areas.inputStep, block.scratch);
        else inputTransform2(source, areas.rowBytes, to, areas.inputStep, block.scratch);
        source += areas.blockBytes;
      }
      target += channels << 2;
    }
  }
}

/** One row of tiles: straight into the output where only the clamp is left to do, else through the accumulators. */
@inline
function transformOutputs(
  block: Parameters, tiling: Tiling, areas: Areas, products: usize, productBytes: usize, row: u32, size: u32,
): void {
  const channels = block.outChannels;
  const pixelBytes = channels << 2;
  const lineBytes = block.outWidth * pixelBytes;
  const rows = min(size, block.outHeight - row * size);
  const first = row * size * block.outWidth * channels;
  const direct = needsOnlyClamp(block);
  const target = direct ? block.output + (first << 2) : areas.accumulators;
  const limits = block.scratch + LIMITS;
  const stage = block.scratch;
  const patch = stage + PATCH;
  for (let t: u32 = 0; t < tiling.columns; t++) {
    const columns = min(size, block.outWidth - t * size);
    const whole = rows == size && columns == size;
    for (let n: u32 = 0; n < channels; n += 4) {
      const channel = min(n, channels - 4);
      const bias = block.constants + 16 + (channel << 2);
      const source = products + (channel << 2);
      const final = target + t * size * pixelBytes + (channel << 2);
      const to = whole ? final : patch;
      const toLine: usize = whole ? lineBytes : size << 4;
      const toPixel: usize = whole ? pixelBytes : 16;
      if (size == 4) outputTransform4(source, areas.productStep, to, toLine, toPixel, bias, limits, stage);
      else outputTransform2(source, areas.productStep, to, toLine, toPixel, bias, limits, stage);
      if (!whole) copyPatch(final, lineBytes, pixelBytes, patch, size << 4, rows, columns);
    }
    products += productBytes;
  }
  if (!direct) finishRow(block, areas.accumulators, first, rows * block.outWidth * channels);
}

/** The part of a tile that lies within the output. */
function copyPatch(
  target: usize, lineBytes: usize, pixelBytes: usize, patch: usize, patchLine: usize, rows: u32, columns: u32,
): void {
  for (let y: u32 = 0; y < rows; y++) {
    for (let x: u32 = 0; x < columns; x++) {
      v128.store(target + y * lineBytes + x * pixelBytes, v128.load(patch + y * patchLine + (x << 4)));
    }
  }
}
