import { Packing, Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";
import { loadBytes4 } from "../inline/requantize";

/**
 * The input of f32 kernels: itself where it is f32 and needs no halo, else a copy in the scratch, zero in the halo,
 * u8 read as fround(f32(q - zeroPoint) * scale).
 *
 * Runs of u8 and zeros are written front to back in whole vectors: see to-i16.ts for what that overwrites. Nothing is
 * read past the input's end.
 *
 * @returns the address of the first packed element.
 */
export function packToF32(block: Parameters, target: usize): usize {
  if (block.packing == Packing.IN_PLACE) return block.input;
  if (block.packing == Packing.GATHERED) gather(block, target);
  else halo(block, target);
  return target;
}

function halo(block: Parameters, target: usize): void {
  const channels = block.inChannels;
  const run = block.width * channels;
  const left = block.paddingLeft * channels;
  const right = block.paddingRight * channels;
  const row = left + run + right;
  const sourceBytes = run << (block.inputType << 1);
  let source = block.input;
  target = zeros(target, block.paddingTop * row + left);
  for (let y: u32 = 0; y < block.height; y++) {
    target = readReals(target, source, run, block.inputType, block.inputZeroPoint, block.inputScale, block.scratch);
    source += sourceBytes;
    target = zeros(target, right + (y + 1 < block.height ? left : 0));
  }
  zeros(target, block.paddingBottom * row);
}

/** Kernel 1x1 without padding, u8 input: the pixels that are read, densely. */
function gather(block: Parameters, target: usize): void {
  const channels = block.inChannels;
  const pixelBytes = channels << (block.inputType << 1);
  for (let y: u32 = 0; y < block.outHeight; y++) {
    const row = block.input + y * block.strideHeight * block.width * pixelBytes;
    for (let x: u32 = 0; x < block.outWidth; x++) {
      const source = row + x * block.strideWidth * pixelBytes;
      target = readReals(target, source, channels, block.inputType, block.inputZeroPoint, block.inputScale, block.scratch);
    }
  }
}

/** Writes whole vectors: what is overwritten past the zeros is written again by what comes next, or is slack. */
function zeros(target: usize, count: u32): usize {
  const end = target + (count << 2);
  const zero = f32x4.splat(0);
  for (; target < end; target += 16) v128.store(target, zero);
  return end;
}

/** Up to so many bytes are copied here: the engine's own copy is a call that takes longer to begin than this to end. */
@inline
const SHORT_RUN: u32 = 2048;

function copyReals(target: usize, source: usize, bytes: u32): void {
  if (bytes > SHORT_RUN) {
    memory.copy(target, source, bytes);
    return;
  }
  const end = source + (bytes & ~15);
  for (; source < end; source += 16) {
    v128.store(target, v128.load(source));
    target += 16;
  }
  copyTail(target, source, bytes & 15);
}

/**
 * Copies or converts `count` elements; returns where the next one goes.
 *
 * @param type 0 u8, 1 f32.
 * @param spare 4 bytes through which the last elements pass.
 */
export function readReals(target: usize, source: usize, count: u32, type: u32, zeroPoint: i32, scale: f32, spare: usize): usize {
  const next = target + (count << 2);
  if (type) {
    copyReals(target, source, count << 2);
    return next;
  }
  const zero = i32x4.splat(zeroPoint);
  const scales = f32x4.splat(scale);
  const tail = count & 3;
  const end = source + (count - tail);
  while (source < end) {
    v128.store(target, f32x4.mul(loadBytes4(source, zero), scales));
    source += 4;
    target += 16;
  }
  if (tail) {
    copyTail(spare, source, tail);
    v128.store(target, f32x4.mul(loadBytes4(spare, zero), scales));
  }
  return next;
}
