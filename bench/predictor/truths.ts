import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { DesignBuilder } from '../../src/node/designs.ts';
import { measuredAccuracy } from '../../src/node/measured-accuracy.ts';
import type { Workbench } from '../../src/node/workbench.ts';
import type { SearchSpace } from '../../src/space/index.ts';
import { type PredictorCase, readTruths, type Truths } from './cases.ts';

/** Candidates evaluated at a time: what they share is run once. */
const BATCH = 40;

/** The true losses of a case's candidates, each run once and kept in a file. */
export class TruthStore {
  readonly losses: Truths;
  private readonly path: string;
  private readonly source;
  private readonly space: SearchSpace;

  constructor(one: PredictorCase, workbench: Workbench, space: SearchSpace, folder: string, workers?: number) {
    mkdirSync(folder, { recursive: true });
    this.path = `${folder}/${one.name}.json`;
    this.losses = readTruths(this.path);
    this.space = space;
    const cancellation = { aborted: false };
    this.source = measuredAccuracy(new DesignBuilder(workbench), { dataset: one.dataset, workers, cancellation });
  }

  async of(genomes: readonly (readonly number[])[], onProgress = (_: number) => {}): Promise<number[]> {
    const canonical = genomes.map((genome) => this.space.canonical(genome));
    const missing = [...new Map(canonical.map((genome) => [genome.join('-'), genome]))].filter(
      ([key]) => !this.losses.has(key),
    );
    // neighbours in this order share the most
    missing.sort(([a], [b]) => (a < b ? -1 : 1));
    for (let start = 0; start < missing.length; start += BATCH) {
      const batch = missing.slice(start, start + BATCH);
      const losses = await this.source.losses(batch.map(([, genome]) => this.space.decode(genome)));
      batch.forEach(([key], i) => void this.losses.set(key, losses[i]));
      writeFileSync(`${this.path}.tmp`, JSON.stringify([...this.losses]));
      renameSync(`${this.path}.tmp`, this.path);
      onProgress((start + batch.length) / missing.length);
    }
    return canonical.map((genome) => this.losses.get(genome.join('-'))!);
  }
}
