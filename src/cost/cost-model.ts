import { BitbudgetError } from '../core/errors.ts';
import { LutIndex } from '../lut/lut-index.ts';
import type { Lut } from '../lut/schema.ts';
import { foldNetwork } from '../network/fold.ts';
import { summarize } from '../network/summary.ts';
import type { Network } from '../network/types.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';
import { planTensors, uniformSchemes, weightedLayers } from '../quant/tensor-plan.ts';
import { ArenaPeaks } from './arena-peaks.ts';
import type { DeviceFacts } from './device.ts';
import { type MeasuredSum, measuredEnergy, modelledEnergy } from './energy.ts';
import { estimateOf, METER_RELATIVE_ERROR, summedEnergyError, systematicRelativeError } from './intervals.ts';
import { type PricedLayer, PriceList, type RunsConditional } from './price-list.ts';
import { deriveTypeRules, isReal, type TypeRule } from './type-rules.ts';
import type { Cost, CostModel } from './types.ts';

export interface CostModelOptions {
  /** Unfolded, so that parameters are counted before batch norm is folded. Its weights are not looked at. */
  network: Network;
  table: Lut;
  device: DeviceFacts;
  /**
   * Tells whether the layer's own weights let a conditional variant run. Where it is not given, entries that depend on
   * weights are priced at their unconditional variant, which always runs.
   */
  conditional?: RunsConditional;
}

/**
 * A cost model that prices candidates of one network from one table: latency is the table's scalar times the sum of
 * the layers' medians. Formulas and intervals are derived in docs/cost-model.md. After each layer has been seen once
 * under each scheme and each pair of neighbouring types, an estimate is a few additions a layer.
 *
 * @throws {BitbudgetError} `unsupported` where the network cannot be folded.
 */
export function createCostModel(options: CostModelOptions): CostModel {
  return new TableCostModel(options);
}

/** What has to be known of an executed layer to find its price. */
interface LayerSlot {
  /** Position among the layers with weights, or −1. */
  searchable: number;
  /** For layers without weights: whether they run in f32. */
  scheme?: TypeRule;
  input: TypeRule;
  output: TypeRule;
  /** By 4 · scheme + 2 · (input is f32) + (output is f32). */
  priced: (PricedLayer | undefined)[];
}

class TableCostModel implements CostModel {
  readonly layers: readonly string[];
  private readonly folded: Network;
  private readonly table: Lut;
  private readonly device: DeviceFacts;
  private readonly list: PriceList;
  private readonly slots: LayerSlot[];
  private readonly peaks: ArenaPeaks;
  private readonly macs: number;
  private readonly parameters: number;
  private readonly systematic: number;
  private readonly summedEnergyError: number;
  private readonly schemeNumbers = new Map<Scheme, number>();
  private readonly isInteger: Uint8Array;
  private readonly schemeOf: Int32Array;
  /** How often each price occurs in the candidate at hand; all zero between estimates. */
  private readonly counts: number[] = [];

  constructor({ network, table, device, conditional }: CostModelOptions) {
    this.folded = foldNetwork(network);
    this.layers = weightedLayers(this.folded);
    this.table = table;
    this.device = device;
    this.list = new PriceList(new LutIndex(table), network, conditional ?? (() => false));
    const rules = deriveTypeRules(this.folded);
    this.slots = this.folded.layers.map((layer) => ({
      searchable: this.layers.indexOf(layer.name),
      scheme: rules.layers.get(layer.name),
      input: rules.tensors.get(layer.inputs[0])!,
      output: rules.tensors.get(layer.name)!,
      priced: [],
    }));
    this.peaks = new ArenaPeaks(this.folded, rules);
    ({ macs: this.macs, parameters: this.parameters } = summarize(network));
    this.systematic = systematicRelativeError(table);
    this.summedEnergyError = summedEnergyError(table);
    this.isInteger = new Uint8Array(this.layers.length);
    this.schemeOf = new Int32Array(this.layers.length);
  }

  estimate(schemes: readonly Scheme[]): Cost {
    const priced = this.price(schemes);
    let sizeBytes = 0;
    let packedBytes = 0;
    let bitOps = 0;
    let realMacs = 0;
    let integerMacs = 0;
    for (const layer of priced) {
      sizeBytes += layer.sizeBytes;
      packedBytes += layer.packedBytes;
      bitOps += layer.bitOps;
      if (layer.real) realMacs += layer.macs;
      else integerMacs += layer.macs;
    }
    const { latencyMs, measured } = this.sum(priced);
    const energyMj =
      measured === undefined
        ? modelledEnergy(latencyMs, { packedBytes, realMacs, integerMacs }, this.table.threads, this.device)
        : measuredEnergy(measured, latencyMs);
    const { peaks, macs, parameters } = this;
    const isInteger = this.isInteger.slice();
    let ramBytes: number | undefined;
    return {
      latencyMs,
      energyMj,
      sizeBytes,
      get ramBytes() {
        ramBytes ??= peaks.peakBytes(isInteger, priced);
        return ramBytes;
      },
      macs,
      bitOps,
      parameters,
    };
  }

  keys(schemes: readonly Scheme[]): string[] {
    return this.price(schemes).map(({ key }) => key);
  }

  uniform(scheme: Scheme, firstAndLast?: Scheme): Scheme[] {
    return [...uniformSchemes(this.folded, scheme, firstAndLast).values()];
  }

  /** The priced layers of a candidate in execution order. */
  private price(schemes: readonly Scheme[]): PricedLayer[] {
    this.read(schemes);
    const priced: PricedLayer[] = [];
    for (let i = 0; i < this.slots.length; i++) {
      const slot = this.slots[i];
      const layer = slot.priced[this.combination(slot)];
      if (layer === undefined) {
        this.look(schemes);
        return this.price(schemes);
      }
      priced.push(layer);
    }
    return priced;
  }

  /** Takes the schemes down as numbers. */
  private read(schemes: readonly Scheme[]): void {
    if (schemes.length !== this.layers.length) {
      const problem = `${schemes.length} schemes were given for ${this.layers.length} layers with weights.`;
      throw new BitbudgetError('input', problem, 'Give one scheme for each convolution and dense layer.');
    }
    for (let i = 0; i < schemes.length; i++) {
      this.schemeOf[i] = this.schemeNumbers.get(schemes[i]) ?? this.number(schemes[i]);
      this.isInteger[i] = schemes[i] === 'f32' ? 0 : 1;
    }
  }

  private number(scheme: Scheme): number {
    schemeBits(scheme); // refuses what is no scheme
    if (scheme === 'u8') {
      throw new BitbudgetError('usage', 'Layers with weights cannot be u8.', 'Use f32 or wXaY, such as w8a8.');
    }
    const next = this.schemeNumbers.size;
    this.schemeNumbers.set(scheme, next);
    return next;
  }

  private combination({ searchable, scheme, input, output }: LayerSlot): number {
    const { isInteger } = this;
    const number = searchable >= 0 ? this.schemeOf[searchable] : isReal(scheme!, isInteger) ? 1 : 0;
    return 4 * number + (isReal(input, isInteger) ? 2 : 0) + (isReal(output, isInteger) ? 1 : 0);
  }

  /** Prices all layers of a candidate that were not met in this combination before. */
  private look(schemes: readonly Scheme[]): void {
    const plan = planTensors(this.folded, new Map(this.layers.map((name, i) => [name, schemes[i]])));
    this.slots.forEach((slot, i) => {
      slot.priced[this.combination(slot)] ??= this.list.layer(this.folded.layers[i], plan);
    });
  }

  /**
   * Layers that share a measurement share its error, which then adds up linearly; different measurements are
   * independent, and their errors add in quadrature.
   */
  private sum(priced: readonly PricedLayer[]): { latencyMs: Cost['latencyMs']; measured: MeasuredSum | undefined } {
    const { counts } = this;
    for (const { price } of priced) counts[price] = (counts[price] ?? 0) + 1;
    let sumUs = 0;
    let belowSquared = 0;
    let aboveSquared = 0;
    let unread = false;
    let [uj, ujBelowSquared, ujAboveSquared, meterError] = [0, 0, 0, 0];
    for (const { price: position } of priced) {
      const count = counts[position];
      if (count === 0) continue; // its measurement has been counted already
      counts[position] = 0;
      const price = this.list.prices[position];
      sumUs += count * price.medianUs;
      belowSquared += (count * price.belowUs) ** 2;
      aboveSquared += (count * price.aboveUs) ** 2;
      const { energy } = price;
      unread ||= energy === undefined;
      if (!energy) continue;
      uj += count * energy.uj;
      ujBelowSquared += (count * energy.belowUj) ** 2;
      ujAboveSquared += (count * energy.aboveUj) ** 2;
      meterError = Math.max(meterError, METER_RELATIVE_ERROR[energy.source]);
    }
    const toMs = this.table.scalar / 1000;
    const valueMs = sumUs * toMs;
    const systematicMs = valueMs * this.systematic;
    const latencyMs = estimateOf(valueMs, [
      [Math.sqrt(belowSquared) * toMs, Math.sqrt(aboveSquared) * toMs],
      [systematicMs, systematicMs],
    ]);
    if (unread) return { latencyMs, measured: undefined };
    const measured = {
      mj: uj * toMs,
      belowMj: Math.sqrt(ujBelowSquared) * toMs,
      aboveMj: Math.sqrt(ujAboveSquared) * toMs,
      relativeErrors: [meterError, this.summedEnergyError],
    };
    return { latencyMs, measured };
  }
}
