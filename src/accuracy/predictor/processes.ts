import {
  DEFAULT_KERNEL,
  GaussianProcess,
  type GenomeSpace,
  type KernelSettings,
  type Prediction,
} from '../../search/surrogate/index.ts';
import type { Encoding } from './encoding.ts';
import { PULL, SETTINGS_WITH_LEVEL, SETTINGS_WITH_LOOKS } from './low-fidelity.ts';

/**
 * Gaussian processes over accuracies: one by what an additive proxy says, and where candidates have a level one by that too.
 * Their mean is what counts: the first ranks candidates of one cost better, the second those of a whole space. Where each
 * candidate was looked at, one process compares what was seen beside what the proxy says.
 */
export class AccuracyProcesses {
  private readonly plain: GaussianProcess;
  private readonly withLevel: GaussianProcess | undefined;
  private readonly pull: number;

  constructor(
    { genes, prior, level, seen }: Encoding,
    kernel: KernelSettings = seen ? SETTINGS_WITH_LOOKS : DEFAULT_KERNEL,
    second = SETTINGS_WITH_LEVEL,
  ) {
    const space: GenomeSpace = { counts: genes.map(({ choices }) => choices.length), ...(prior && { prior }) };
    this.plain = new GaussianProcess({ ...space, ...(seen && { seen }) }, kernel);
    this.pull = seen ? PULL : 0;
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
    this.plain.tune(genomes, losses, { pull: this.pull });
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
