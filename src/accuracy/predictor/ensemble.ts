import type { Cancellation, Progress } from '../../core/ports.ts';
import { Random } from '../../core/random.ts';
import { interrupted } from '../proxies/types.ts';
import type { Arithmetic } from './arithmetic.ts';
import { Mlp, type MlpParameters } from './mlp.ts';
import { type TrainingSettings, trainMlp } from './train-mlp.ts';

/** The shape of an ensemble and how it is trained. */
export interface EnsembleSettings extends TrainingSettings {
  /** Units of each hidden layer. */
  hidden: number[];
  /** Networks, each of which learns from all pairs but its own share; at least 2. */
  members: number;
  /** Pairs of one step, a multiple of 8. */
  batch: number;
  seed: number;
}

/** As published: three hidden layers of 400. */
export const DEFAULT_ENSEMBLE: EnsembleSettings = {
  ...{ hidden: [400, 400, 400], members: 5, batch: 32, seed: 1 },
  ...{ epochs: 150, patience: 40, rate: 2e-3, decay: 1 },
};

export interface Surroundings {
  onProgress: Progress;
  cancellation: Cancellation;
  /** Lets signals through between members. */
  pause(): Promise<void>;
}

/** Networks that learned from different parts of the same pairs. */
export interface Ensemble {
  sizes: number[];
  members: MlpParameters[];
}

export interface TrainedEnsemble extends Ensemble {
  /** What the member that did not see a pair predicts of it, standardised. */
  heldOut: Float64Array;
}

/**
 * Trains an ensemble: the pairs are dealt into as many parts as there are members; each member starts from weights of its
 * own, learns from all parts but one and stops by that one.
 *
 * @param makeArithmetic with memory for so many bytes.
 * @param start parameters that members go on from, one each, instead of weights at random.
 */
export async function trainEnsemble(
  makeArithmetic: (bytes: number) => Arithmetic,
  rows: readonly Float32Array[],
  targets: Float64Array,
  settings: EnsembleSettings,
  { onProgress, cancellation, pause }: Surroundings,
  start?: Ensemble,
): Promise<TrainedEnsemble> {
  const { hidden, batch, seed } = settings;
  const members = Math.min(settings.members, Math.floor(rows.length / 2)); // each holds out two pairs at least
  const sizes = [rows[0].length, ...hidden, 1];
  const inputs = flatten(rows);
  const random = new Random(seed);
  const parts = dealt(rows.length, members, seed);
  const heldOut = new Float64Array(rows.length);
  const mlp = new Mlp(makeArithmetic(Mlp.bytes(sizes, batch)), sizes, batch);
  const trained: MlpParameters[] = [];
  for (let m = 0; m < members; m++) {
    const own = parts[m];
    const learned = parts.filter((part) => part !== own).flat();
    mlp.initialise(random);
    if (start) mlp.restore(start.members[m % start.members.length]);
    trainMlp(mlp, { inputs, targets }, { learned, heldOut: own }, settings, random);
    mlp.predict(inputs, own).forEach((value, i) => {
      heldOut[own[i]] = value;
    });
    trained.push(mlp.parameters());
    onProgress('training the predictor', (m + 1) / members);
    if (cancellation.aborted) throw interrupted();
    await pause();
  }
  return { sizes, members: trained, heldOut };
}

/** Rows dealt at random into parts of nearly the same size. */
export function dealt(count: number, parts: number, seed: number): number[][] {
  const order = new Random(seed).shuffle(Array.from({ length: count }, (_, row) => row));
  return Array.from({ length: parts }, (_, part) => order.filter((_, i) => i % parts === part));
}

/** Runs an ensemble; networks are set up once for many calls. */
export class EnsembleRunner {
  private readonly networks: Mlp[];

  constructor(makeArithmetic: (bytes: number) => Arithmetic, { sizes, members }: Ensemble, batch = 32) {
    const arithmetic = makeArithmetic(members.length * Mlp.bytes(sizes, batch));
    this.networks = members.map((parameters) => {
      const mlp = new Mlp(arithmetic, sizes, batch);
      mlp.restore(parameters);
      return mlp;
    });
  }

  /** Mean and variance over the members, for each row. */
  predict(rows: readonly Float32Array[]): { value: number; variance: number }[] {
    if (rows.length === 0) return [];
    const inputs = flatten(rows);
    const indices = rows.map((_, row) => row);
    const all = this.networks.map((mlp) => mlp.predict(inputs, indices));
    return indices.map((row) => {
      const value = all.reduce((sum, own) => sum + own[row], 0) / all.length;
      const variance = all.reduce((sum, own) => sum + (own[row] - value) ** 2, 0) / all.length;
      return { value, variance };
    });
  }
}

function flatten(rows: readonly Float32Array[]): Float32Array {
  const [{ length }] = rows;
  const inputs = new Float32Array(rows.length * length);
  rows.forEach((row, i) => {
    inputs.set(row, i * length);
  });
  return inputs;
}
