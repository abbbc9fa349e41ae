import type { ChannelClasses } from '../../network/reduce/index.ts';
import type { Network } from '../../network/types.ts';
import type { Scheme } from '../../quant/scheme.ts';
import type { Gene } from '../space.ts';

/** What the parts of a space are made for. */
export interface Ground {
  /** With the shortcuts that may pick channels; with weights, if channels are to be ranked by them. */
  readonly graph: Network;
  readonly classes: ChannelClasses;
  /** The layers with weights of the network itself, in execution order. */
  readonly layers: readonly string[];
  /** Layers that keep a scheme. */
  readonly fixed: ReadonlyMap<string, Scheme>;
}

/** A design while its genes are read, part by part. */
export interface Draft {
  readonly schemes: Map<string, Scheme>;
  /** 1 for each class of channels that is removed. */
  readonly removed: Uint8Array;
  readonly kernels: Map<string, number>;
  readonly droppedBlocks: string[];
  /** Layers with weights that are gone with their blocks. */
  readonly gone: Set<string>;
}

/** Some genes of one kind, which stand next to each other in a genome. */
export interface GenePart {
  readonly genes: readonly Gene[];
  /** Reads the part's choices into the draft. */
  apply(choices: readonly number[], draft: Draft): void;
  /**
   * The choices that stand for all with the same effect, once the whole draft is known; where it is not given, a gene of
   * which all layers are gone counts as its first choice.
   */
  canonical?(choices: readonly number[], draft: Draft): number[];
}
