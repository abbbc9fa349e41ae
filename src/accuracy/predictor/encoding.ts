import { logarithm } from '../../core/elementary.ts';
import { schemeBits } from '../../quant/scheme.ts';

/** A gene as a predictor knows it: that of a search space, with what a proxy says of its choices. */
export interface PredictorGene {
  kind: string;
  name: string;
  choices: (string | number)[];
  /** What each choice alone adds to the loss by an additive proxy, at least 0; absent where no proxy was asked. */
  prior?: number[];
}

/** Keeps the logarithm of a sum of priors finite. */
const LEAST_SUM = 1e-4;

/** Brings a level, a natural logarithm of a few units, to numbers of about 1. */
const LEVEL_UNIT = 2;

/** Genes that choose bits; all others choose an architecture. */
const QUANTIZATION = new Set(['scheme', 'weights', 'activations']);

/** One number that a predictor reads of a genome: by gene the value of each of its choices. */
interface Input {
  gene: number;
  values: number[];
}

/**
 * Genomes as the inputs of a network: the choices of each gene one-hot, those of a scheme also its weight and its activation
 * bits one-hot; and where there is a prior, its square root for each gene, and the root and the logarithm of their sum. Those
 * of the architecture come first, so that a network that knows nothing of bits is widened by them. Last come the level and
 * what was seen, where candidates have them.
 *
 * @see Wang et al., APQ, CVPR 2020, section 3.1.
 * @example new Encoding([{ kind: 'drop', name: 'drop/stage3', choices: [0, 1] }]).size // => 2
 */
export class Encoding {
  readonly genes: readonly PredictorGene[];
  /** Inputs that architectures have. */
  readonly architectureSize: number;
  readonly size: number;
  private readonly parts: { inputs: Input[]; priors: Input[] }[];
  /** What a genome is thought to lose on a logarithmic scale; undefined where nothing is known. */
  readonly level: ((genome: ArrayLike<number>) => number) | undefined;

  /** What a look at the candidate itself showed, in numbers of about 1. */
  readonly seen: ((genome: ArrayLike<number>) => number) | undefined;

  /**
   * @param level what a genome is thought to lose on a logarithmic scale, see `low-fidelity.ts`.
   * @param seen what a look at it showed, see `agreement.ts`.
   */
  constructor(
    genes: readonly PredictorGene[],
    level?: (genome: ArrayLike<number>) => number,
    seen?: (genome: ArrayLike<number>) => number,
  ) {
    this.genes = genes;
    this.level = level;
    this.seen = seen;
    const isBits = ({ kind }: PredictorGene) => QUANTIZATION.has(kind);
    this.parts = [false, true].map((bits) => {
      const own = genes.flatMap((gene, index) => (isBits(gene) === bits ? [{ gene, index }] : []));
      return {
        inputs: own.flatMap(({ gene, index }) => oneHot(gene).map((values) => ({ gene: index, values }))),
        priors: scaledPriors(own),
      };
    });
    const [architecture, quantization] = this.parts.map(({ inputs, priors }) => inputs.length + sumsOf(priors));
    this.architectureSize = architecture;
    this.size = architecture + quantization + (level ? 1 : 0) + (seen ? 1 : 0);
  }

  /** Whether some gene chooses bits. */
  get quantizes(): boolean {
    return this.size > this.architectureSize;
  }

  /** The inputs of one genome, those of the architecture first. */
  encode(genome: ArrayLike<number>): Float32Array {
    const row = new Float32Array(this.size);
    let at = 0;
    for (const { inputs, priors } of this.parts) {
      for (const { gene, values } of inputs) row[at++] = values[genome[gene]];
      let sum = 0;
      for (const { gene, values } of priors) {
        const value = values[genome[gene]];
        row[at++] = Math.sqrt(value);
        sum += value;
      }
      if (priors.length === 0) continue;
      row[at++] = Math.sqrt(sum);
      row[at++] = logarithm(sum + LEAST_SUM) / 2;
    }
    if (this.level) row[at++] = this.level(genome) / LEVEL_UNIT;
    if (this.seen) row[at] = this.seen(genome);
    return row;
  }

  /** The genome's architecture alone, as {@link encode} begins. */
  encodeArchitecture(genome: ArrayLike<number>): Float32Array {
    return this.encode(genome).slice(0, this.architectureSize);
  }

  /** The priors by gene and choice; undefined where some gene has none. */
  get prior(): number[][] | undefined {
    const rows = this.genes.flatMap(({ prior }) => (prior ? [prior] : []));
    return rows.length === this.genes.length ? rows : undefined;
  }
}

function sumsOf(priors: readonly Input[]): number {
  return priors.length > 0 ? priors.length + 2 : 0;
}

function oneHot({ kind, choices }: PredictorGene): number[][] {
  const hot = <T>(values: readonly T[]) =>
    [...new Set(values)].map((one) => values.map((value) => (value === one ? 1 : 0)));
  const own = hot(choices);
  if (kind !== 'scheme') return own;
  const bits = choices.map((scheme) => schemeBits(String(scheme)));
  return [...own, ...hot(bits.map((pair) => pair.weightBits)), ...hot(bits.map((pair) => pair.activationBits))];
}

/** In units in which the largest sum is 4 for each gene: a network learns best from numbers of about 1. */
function scaledPriors(own: readonly { gene: PredictorGene; index: number }[]): Input[] {
  if (own.length === 0 || own.some(({ gene }) => !gene.prior)) return [];
  const most = own.reduce((sum, { gene }) => sum + Math.max(...gene.prior!), 0);
  const unit = most > 0 ? (4 * own.length) / most : 0;
  return own.map(({ gene, index }) => ({
    gene: index,
    values: gene.prior!.map((value) => Math.max(value, 0) * unit),
  }));
}
