import {
  DEFAULT_KERNEL,
  GaussianProcess,
  type GenomeSpace,
  type KernelSettings,
  type Prediction,
} from '../../search/surrogate/index.ts';
import type { Encoding } from './encoding.ts';
import { PULL, SETTINGS_WITH_LEVEL } from './low-fidelity.ts';

/**
 * Gaussian processes over accuracies: one by what an additive proxy says, and where candidates have a level one by that too.
 * Their mean is what counts: the first ranks candidates of one cost better, the second those of a whole space.
 */
export class AccuracyProcesses {
  private readonly plain: GaussianProcess;
  private readonly withLevel: GaussianProcess | undefined;

  constructor(
    { genes, prior, level }: Encoding,
    kernel: KernelSettings = DEFAULT_KERNEL,
    second = SETTINGS_WITH_LEVEL,
  ) {
    const space: GenomeSpace = { counts: genes.map(({ choices }) => choices.length), ...(prior && { prior }) };
    this.plain = new GaussianProcess(space, kernel);
    this.withLevel = level && new GaussianProcess({ ...space, level }, second);
  }

  get kernel(): KernelSettings {
    return this.plain.settings;
  }

  /** Of the process by the level. */
  get levelKernel(): KernelSettings | undefined {
    return this.withLevel?.settings;
  }

  tune(genomes: readonly number[][], losses: readonly number[]): this {
    this.plain.tune(genomes, losses);
    this.withLevel?.tune(genomes, losses, { pull: PULL });
    return this;
  }

  fit(genomes: readonly number[][], losses: readonly number[]): this {
    this.plain.fit(genomes, losses);
    this.withLevel?.fit(genomes, losses);
    return this;
  }

  predict(genome: readonly number[]): Prediction {
    const first = this.plain.predict(genome);
    if (!this.withLevel) return first;
    const second = this.withLevel.predict(genome);
    return { value: (first.value + second.value) / 2, deviation: (first.deviation + second.deviation) / 2 };
  }
}
