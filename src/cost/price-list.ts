import { entryKey } from '../lut/entry-key.ts';
import type { LutIndex, MeasuredAs } from '../lut/lut-index.ts';
import type { EnergyMeter, LutEntry, LutLatency } from '../lut/schema.ts';
import type { Layer } from '../network/types.ts';
import { type Workload, workloadMacs } from '../network/workload.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';
import type { LearnedExtras } from './layer-sizes.ts';
import { layerSizeBytes, weightCount } from './size.ts';

/**
 * Whether a layer's own weights pass the check that a conditional variant makes when it packs them.
 *
 * @param variant the entry's fastest variant.
 */
export type RunsConditional = (layer: string, scheme: Scheme, variant: string) => boolean;

/** An entry for what a table lacks, such as an interpolated one; undefined where nothing is near enough. */
export type EntryEstimate = (wanted: { workload: Workload; scheme: Scheme }) => LutEntry | undefined;

/** The measured part of a price: shared by all layers that use the same variant of the same entry. */
export interface Price {
  medianUs: number;
  /** Half-widths of the 95% interval of the median. */
  belowUs: number;
  aboveUs: number;
  /** Absent where no meter read it. */
  energy?: { uj: number; belowUj: number; aboveUj: number; source: EnergyMeter };
}

/** One layer under one scheme between tensors of given types. */
export interface PricedLayer {
  key: string;
  /** Position of its price; equal positions are the same measurement, with the same error. */
  price: number;
  sizeBytes: number;
  scratchBytes: number;
  packedBytes: number;
  macs: number;
  bitOps: number;
  /** Whether it computes in f32. */
  real: boolean;
  /** Learned numbers before batch norm is folded. */
  parameters: number;
  /** Of a candidate's `flops` and `weightedParameters`. */
  flops: number;
  weightedParameters: number;
}

/** Prices of layers, as far as they have been asked for. */
export class PriceList {
  readonly prices: Price[] = [];
  private readonly index: Pick<LutIndex, 'entryFor' | 'get'>;
  private readonly measuredAs: string | MeasuredAs;
  private readonly estimateEntry: EntryEstimate | undefined;
  private readonly runsConditional: RunsConditional;
  private readonly positions = new Map<string, number>();

  /**
   * @param measuredAs the network as the profile command would name it.
   * @param estimateEntry prices what the table lacks.
   */
  constructor(
    index: Pick<LutIndex, 'entryFor' | 'get'>,
    measuredAs: string | MeasuredAs,
    runsConditional: RunsConditional,
    estimateEntry?: EntryEstimate,
  ) {
    this.index = index;
    this.measuredAs = measuredAs;
    this.estimateEntry = estimateEntry;
    this.runsConditional = runsConditional;
  }

  /**
   * Looks a layer of a planned candidate up.
   *
   * @throws {BitbudgetError} `missing-entry` where the table lacks it.
   */
  layer(layer: Layer, workload: Workload, scheme: Scheme, extras: LearnedExtras): PricedLayer {
    const key = entryKey(workload, scheme);
    const entry =
      this.index.get(key) ?? this.estimateEntry?.({ workload, scheme }) ?? this.index.entryFor(key, this.measuredAs);
    const { unconditional } = entry;
    const fallback =
      unconditional && !this.runsConditional(layer.name, scheme, entry.variant) ? unconditional : undefined;
    const { weightBits, activationBits } = schemeBits(scheme);
    const macs = workloadMacs(workload);
    const real = scheme === 'f32';
    const weights = weightCount(workload);
    const extra = ((extras.bias ? 1 : 0) + 2 * extras.norms) * workload.outChannels;
    return {
      key: entry.key,
      price: this.position(entry, fallback),
      sizeBytes: layerSizeBytes(workload, scheme, 'bias' in layer && layer.bias),
      scratchBytes: fallback?.scratchBytes ?? entry.scratchBytes,
      packedBytes: entry.packedBytes,
      macs,
      bitOps: macs * weightBits * activationBits,
      real,
      parameters: weights + extra,
      flops: real ? macs : (macs * (weightBits + activationBits)) / 32,
      weightedParameters: (weights * weightBits) / 32 + extra,
    };
  }

  private position(entry: LutEntry, fallback: LutEntry['unconditional']): number {
    const name = `${entry.key} ${fallback?.variant ?? entry.variant}`;
    const known = this.positions.get(name);
    if (known !== undefined) return known;
    // the meter read the fastest variant; another one of the same work takes its time at the same power
    const slowdown = fallback ? fallback.latencyUs.median / entry.latencyUs.median : 1;
    this.prices.push({ ...priceOf(fallback?.latencyUs ?? entry.latencyUs), energy: energyOf(entry, slowdown) });
    this.positions.set(name, this.prices.length - 1);
    return this.prices.length - 1;
  }
}

function priceOf({ median, low, high }: LutLatency): Price {
  return { medianUs: median, belowUs: median - low, aboveUs: high - median };
}

function energyOf({ energyUj, trust }: LutEntry, slowdown: number): Price['energy'] {
  // a model's figure is no reading, but what a simulator of another tool computed is all that there is to know
  if (!energyUj || (energyUj.source === 'model' && trust !== 'imported')) return undefined;
  const { value, low = value, high = value, source } = energyUj;
  return { uj: value * slowdown, belowUj: (value - low) * slowdown, aboveUj: (high - value) * slowdown, source };
}
