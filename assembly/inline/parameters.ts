/**
 * The only argument of every kernel: the address of this block. All fields are 4 bytes, in this order, without gaps;
 * `src/kernels/parameters.ts` mirrors the list and a test compares the two.
 *
 * Geometry is that of the workload. `input`, `residual` and `output` are dense NHWC tensors of exactly their size and of
 * any alignment; `weights`, `constants` and `scratch` are 16-byte aligned.
 */
@unmanaged
export class Parameters {
  input: usize;
  residual: usize;
  output: usize;
  /** Packed by the variant's `packWeights`. */
  weights: usize;
  /** Packed by the variant's `packConstants`: for convolutions the per-panel constants, then the pixel offsets. */
  constants: usize;
  scratch: usize;

  height: u32;
  width: u32;
  inChannels: u32;
  outHeight: u32;
  outWidth: u32;
  outChannels: u32;
  kernelHeight: u32;
  kernelWidth: u32;
  strideHeight: u32;
  strideWidth: u32;
  paddingTop: u32;
  paddingRight: u32;
  paddingBottom: u32;
  paddingLeft: u32;

  /** Where a convolution finds its pixels: see `Packing`. */
  packing: u32;
  /** Address of the pixel offsets: for each output pixel the first byte of its window in the packed input. */
  offsets: usize;

  /** 0 u8, 1 f32. */
  inputType: u32;
  /** 0 none, 1 u8, 2 f32. */
  residualType: u32;
  /** 0 u8, 1 f32. */
  outputType: u32;

  inputZeroPoint: i32;
  /** f32 kernels reading u8: real = (q - inputZeroPoint) * inputScale. u8 kernels: the multiplier of the input. */
  inputScale: f32;
  /** Integer convolutions: what is taken off every input element, and what the halo holds after that. */
  inputCentre: i32;
  inputHalo: i32;

  /** Bringing a shared input to fewer bits; `rescaleMultiplier` is 0 where that is not asked for. */
  rescaleMultiplier: i32;
  rescaleShift: i32;
  rescaleZeroPoint: i32;
  rescaleMaximum: i32;

  residualZeroPoint: i32;
  /** f32 kernels: the residual's scale. Integer kernels: `residualMultiplier`. */
  residualScale: f32;

  outputZeroPoint: i32;
  /** 1.5 * 2^23 and its bits minus `outputZeroPoint`: see `Rounding`. */
  roundingMagic: f32;
  roundingOffset: i32;
  /** f32 kernels writing u8: 1 / output scale. */
  outputMultiplier: f32;
  /** For u8 output relative to the zero point (the bound minus `outputZeroPoint`), for f32 output as it is. */
  clampLow: f32;
  clampHigh: f32;

  /** Activations of their own: see `Activation`. */
  activation: u32;
}

/** What an activation layer computes before the clamp, which alone makes ReLU and ReLU6. */
export namespace Activation {
  @inline export const CLAMP: u32 = 0;
  @inline export const HARD_SWISH: u32 = 1;
  @inline export const SIGMOID: u32 = 2;
}

/** How a convolution's input gets to where the tiles read it. */
export namespace Packing {
  /** Nothing is copied: tiles read the f32 input itself (no padding). */
  @inline export const IN_PLACE: u32 = 0;
  /** Kernel 1x1 without padding: only the pixels that are read, one after the other. */
  @inline export const GATHERED: u32 = 1;
  /** The whole image with a halo of zeros (real zeros, that is) around it. */
  @inline export const HALOED: u32 = 2;
}
