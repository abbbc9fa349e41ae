import { Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";
import { Rounding, clamp, loadBytes4, round, storeBytes4 } from "../inline/requantize";

/** Offsets within the scratch: the last elements of residual and output on their way from and to the tensors. */
@inline
const SPARE_RESIDUAL: usize = 256;
@inline
const SPARE_OUTPUT: usize = 512;

/** Whether accumulators need nothing but the clamp, so that a kernel can write the f32 output itself. */
@inline
export function needsOnlyClamp(block: Parameters): bool {
  return block.outputType != 0 && block.residualType == 0;
}

/**
 * The epilogue of `storeRealTile` for a contiguous run of outputs: v = acc (+ r), then clamp; for u8 output
 * v * outputMultiplier, clamp, round half to even, add the zero point.
 *
 * @param values f32 accumulators, bias included, readable in whole vectors.
 * @param at the first output element; `count` elements follow it. Nothing is read or written past them.
 */
export function finishRow(block: Parameters, values: usize, at: u32, count: u32): void {
  const outputShift = block.outputType << 1;
  const residualShift: u32 = block.residualType == 2 ? 2 : 0;
  const tail = count & 3;
  const whole = count - tail;
  const residual = block.residual + (at << residualShift);
  const output = block.output + (at << outputShift);
  finishVectors(block, values, residual, output, whole);
  if (!tail) return;
  const spareResidual = block.scratch + SPARE_RESIDUAL;
  const spareOutput = block.scratch + SPARE_OUTPUT;
  if (block.residualType) copyTail(spareResidual, residual + (whole << residualShift), tail << residualShift);
  finishVectors(block, values + (whole << 2), spareResidual, spareOutput, 4);
  copyTail(output + (whole << outputShift), spareOutput, tail << outputShift);
}

function finishVectors(block: Parameters, values: usize, residual: usize, output: usize, count: u32): void {
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const scale = f32x4.splat(block.outputMultiplier);
  const residualZero = i32x4.splat(block.residualZeroPoint);
  const residualScale = f32x4.splat(block.residualScale);
  const residualType = block.residualType;
  const residualStep: u32 = residualType == 2 ? 16 : 4;
  const real = block.outputType != 0;
  const outputStep: u32 = real ? 16 : 4;
  const end = values + (count << 2);
  while (values < end) {
    let v = v128.load(values);
    if (residualType == 2) v = f32x4.add(v, v128.load(residual));
    else if (residualType == 1) v = f32x4.add(v, f32x4.mul(loadBytes4(residual, residualZero), residualScale));
    if (real) v128.store(output, clamp(v, low, high));
    else storeBytes4(output, round(clamp(f32x4.mul(v, scale), low, high), magic, offset));
    residual += residualStep;
    output += outputStep;
    values += 16;
  }
}
