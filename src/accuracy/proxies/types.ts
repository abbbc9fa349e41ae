import type { Autodiff } from '../../autodiff/index.ts';
import { BitbudgetError } from '../../core/errors.ts';
import type { Cancellation, Progress } from '../../core/ports.ts';
import type { Engine } from '../../engine/engine.ts';
import type { NetworkInput } from '../../engine/input.ts';
import type { Network } from '../../network/types.ts';
import type { QuantizationSource } from '../../quant/quantize.ts';
import type { Scheme } from '../../quant/scheme.ts';

/** Losses that add up over the layers: the predicted loss of a candidate is the sum of its layers'. Lower is better. */
export interface SchemeLosses {
  /** Those with weights, in execution order. */
  layers: string[];
  /** By layer and scheme; 0 for f32, listed or not. */
  losses: Map<string, Map<Scheme, number>>;
}

/** What a proxy looks at. */
export interface ProxyContext {
  engine: Engine;
  /** Unfolded, with weights. */
  network: Network;
  /** Of the same network, folded and calibrated. */
  source: QuantizationSource;
  /** Raw pixels of the calibration split, in the network's input shape. */
  images: readonly NetworkInput[];
  /** The classes of those images, where the dataset tells them and they are the network's own. */
  labels?: readonly number[];
  /** Loads automatic differentiation; absent where it cannot be. */
  gradients?(): Promise<Autodiff>;
  onProgress: Progress;
  cancellation: Cancellation;
  /** Lets signals through between steps. */
  pause(): Promise<void>;
}

/** What of a context a proxy cannot do without, beyond weights and calibrated ranges. */
export type ProxyNeed = 'images' | 'labels' | 'gradients';

interface ProxyDescription {
  readonly name: string;
  /** Where it was published. */
  readonly paper: string;
  readonly needs: readonly ProxyNeed[];
}

/** Ranks bit allocations by an additive table. */
export interface BitProxy extends ProxyDescription {
  /**
   * @param schemes those that the candidates use; f32 need not be among them.
   * @throws {BitbudgetError} `input` for what it needs and the context lacks, `interrupted` on cancellation, `unsupported`
   * for layers that it cannot look at.
   */
  losses(context: ProxyContext, schemes: readonly Scheme[]): Promise<SchemeLosses>;
}

/** Ranks reduced networks (pruned, shallower, with smaller windows) by one number each; lower is better. */
export interface ArchitectureProxy extends ProxyDescription {
  /**
   * @param network reduced, unfolded, its weights selected from those of the context's network.
   * @throws {BitbudgetError} as the losses of a bit proxy.
   */
  loss(context: ProxyContext, network: Network): Promise<number>;
}

/**
 * The loss of one candidate by an additive table; lower is better.
 *
 * @param schemes one for each of `table.layers`.
 * @example schemeLoss({ layers: ['a', 'b'], losses: new Map([['a', new Map([['w4a4', 2]])], ['b', new Map([['f32', 0]])]]) }, ['w4a4', 'f32']) // => 2
 */
export function schemeLoss(table: SchemeLosses, schemes: readonly Scheme[]): number {
  return table.layers.reduce(
    (sum, layer, i) => sum + (table.losses.get(layer)!.get(schemes[i]) ?? unlisted(schemes[i])),
    0,
  );
}

function unlisted(scheme: Scheme): number {
  if (scheme === 'f32') return 0;
  throw new BitbudgetError('input', `The proxy was not asked for ${scheme}.`, 'Name all schemes of the candidates.');
}

/** What a proxy throws that the user stopped. */
export function interrupted(): BitbudgetError {
  return new BitbudgetError('interrupted', 'The search was interrupted.', 'Start it again when ready.');
}

/**
 * Says what a proxy needs and a context lacks.
 *
 * @throws {BitbudgetError} `input` with the first thing that is not there.
 */
export function assertNeeds({ name, needs }: ProxyDescription, context: ProxyContext): void {
  const has: Record<ProxyNeed, boolean> = {
    images: context.images.length > 0,
    labels: context.labels !== undefined && context.labels.length === context.images.length,
    gradients: context.gradients !== undefined,
  };
  const lacking = needs.find((need) => !has[need]);
  if (lacking === undefined) return;
  const remedies: Record<ProxyNeed, string> = {
    images: 'Calibrate with at least one image.',
    labels: "Name the network's own dataset, or choose a proxy without labels.",
    gradients: 'Choose a proxy without gradients.',
  };
  throw new BitbudgetError('input', `The proxy ${name} needs ${lacking}, and there are none.`, remedies[lacking]);
}
