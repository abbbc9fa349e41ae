import type { Cost } from '../cost/types.ts';
import type { Design } from '../quant/design.ts';
import type { Variable } from '../search/index.ts';

/** Points that a search can try: genomes of choices, and what each of them means. */
export interface Space<Point> {
  readonly name: string;
  readonly variables: readonly Variable[];
  decode(genome: readonly number[]): Point;
  /** The genome that stands for all that mean the same point; itself unless given. */
  canonical?(genome: readonly number[]): number[];
}

/** Prices points on one device, or on several. */
export interface Pricer<Point> {
  estimate(point: Point): Cost;
}

/** What a gene decides. */
export type GeneKind = 'scheme' | 'weights' | 'activations' | 'keep' | 'channel' | 'window' | 'drop';

/** One gene of a search space. */
export interface Gene {
  readonly kind: GeneKind;
  /** Unique in its space, such as `keep/stage1.block1.conv1`. */
  readonly name: string;
  /** The layers that it is about. */
  readonly layers: readonly string[];
  /** What each choice stands for: a scheme, a width in bits, how many channels are kept, 0 or 1, a window's side, blocks dropped. */
  readonly choices: readonly (string | number)[];
}

/** A design with the genome that it was read from. */
export interface SpacePoint extends Design {
  readonly genome: readonly number[];
}

/**
 * The designs of one network that a search may choose from: genes for bits, channels, windows and depth in any
 * combination. A genome is one index a gene into its choices.
 */
export interface SearchSpace extends Space<SpacePoint> {
  readonly genes: readonly Gene[];
  canonical(genome: readonly number[]): number[];
}

/**
 * How many choices each gene has.
 *
 * @example choiceCounts({ variables: [{ kind: 'choice', count: 3 }] }) // => [3]
 */
export function choiceCounts({ variables }: Pick<Space<unknown>, 'variables'>): number[] {
  return variables.map((variable) => (variable.kind === 'choice' ? variable.count : variable.high - variable.low + 1));
}
