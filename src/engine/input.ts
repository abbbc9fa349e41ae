import { BitbudgetError } from '../core/errors.ts';
import { clamp, roundHalfEven } from '../core/rounding.ts';
import type { Preprocessing, Shape } from '../network/types.ts';
import type { TensorFormat } from '../quant/arithmetic.ts';
import { activationMaximum } from '../quant/scheme.ts';

/** One image: `Float32Array` is preprocessed NHWC, `Uint8Array` raw pixels of the same layout. */
export type NetworkInput = Float32Array | Uint8Array;

/** Writes images into a network's input tensor; raw pixels go through one table of 256 entries a channel. */
export class InputWriter {
  private readonly format: TensorFormat;
  private readonly elements: number;
  private readonly channels: number;
  private readonly table: Float32Array;

  constructor(shape: Shape, preprocessing: Preprocessing, format: TensorFormat) {
    this.format = format;
    this.elements = shape[0] * shape[1] * shape[2];
    this.channels = shape[2];
    this.table = new Float32Array(256 * this.channels);
    for (let channel = 0; channel < this.channels; channel++) {
      for (let pixel = 0; pixel < 256; pixel++) {
        const real = Math.fround((pixel / 255 - preprocessing.mean[channel]) / preprocessing.std[channel]);
        this.table[channel * 256 + pixel] = quantizeInput(real, format);
      }
    }
  }

  /** @throws {BitbudgetError} `input` for an image of another size. */
  write(input: NetworkInput, target: Uint8Array | Float32Array): void {
    if (input.length !== this.elements) {
      const problem = `The input has ${input.length} values where the network takes ${this.elements}.`;
      throw new BitbudgetError('input', problem, "Resize images to the network's input shape, NHWC.");
    }
    const { table, channels, format } = this;
    if (input instanceof Uint8Array) {
      for (let i = 0, channel = 0; i < input.length; i++) {
        target[i] = table[channel * 256 + input[i]];
        if (++channel === channels) channel = 0;
      }
    } else {
      for (let i = 0; i < input.length; i++) target[i] = quantizeInput(input[i], format);
    }
  }
}

function quantizeInput(real: number, format: TensorFormat): number {
  if (format.type === 'f32') return real;
  return clamp(roundHalfEven(real / format.scale) + format.zeroPoint, 0, activationMaximum(format.bits));
}
