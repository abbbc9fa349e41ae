import type { IntegerWeights, StoredFormat, Weights } from '../types.ts';
import { damagedModel, printable } from './failures.ts';
import { LIMITS } from './limits.ts';

/** Weights in the network's own layout, output channel first, as reals or as a model's own integers. */
export type ImportedWeights =
  | { kernel: Float32Array; bias?: Float32Array }
  | { integers: IntegerWeights; format?: StoredFormat };

/**
 * The weights of a network under construction. A file may name one constant many times over: what all layers hold together
 * is bounded by the size of the file, so that a small one cannot fill the memory.
 */
export class WeightStore {
  readonly reals: Weights = new Map();
  readonly integers = new Map<string, IntegerWeights>();
  private readonly source: string;
  private left: number;

  /** @param fileBytes size of the model's file or files. */
  constructor(source: string, fileBytes: number) {
    this.source = source;
    this.left = LIMITS.sharedWeights + LIMITS.weightsPerByte * fileBytes;
  }

  /** Takes `count` numbers off the allowance; to be called before they are made. */
  reserve(layer: string, count: number): void {
    this.left -= count;
    if (this.left >= 0) return;
    throw damagedModel(
      this.source,
      `holds layer "${printable(layer)}", with which the weights are far more than the file can hold`,
    );
  }

  /** @throws {BitbudgetError} `damaged-file` for another number of weights than a layer's shape needs. */
  assertLength(layer: string, weights: ImportedWeights, expected: number): void {
    const { length } = 'kernel' in weights ? weights.kernel : weights.integers.values;
    if (length === expected) return;
    throw damagedModel(
      this.source,
      `holds layer "${printable(layer)}" with ${length} weights where its shape needs ${expected}`,
    );
  }

  keepPart(layer: string, part: string, values: Float32Array): void {
    if (!values.every(Number.isFinite)) {
      throw damagedModel(this.source, `holds layer "${printable(layer)}" with a ${part} that is no finite number`);
    }
    this.reals.set(`${layer}.${part}`, values);
  }

  keep(layer: string, weights: ImportedWeights): void {
    if ('kernel' in weights) {
      this.keepPart(layer, 'kernel', weights.kernel);
      if (weights.bias) this.keepPart(layer, 'bias', weights.bias);
      return;
    }
    const { values, scales, bias, inputScale } = weights.integers;
    const perChannel = values.length / scales.length;
    const kernel = Float32Array.from(values, (q, i) => q * scales[Math.floor(i / perChannel)]);
    this.keepPart(layer, 'kernel', kernel);
    this.keepPart(
      layer,
      'bias',
      Float32Array.from(bias, (q, c) => q * inputScale * scales[c]),
    );
    this.integers.set(layer, weights.integers);
  }
}
