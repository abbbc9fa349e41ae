import { assert, BitbudgetError } from '../core/errors.ts';
import { LutIndex, type MeasuredAs } from '../lut/lut-index.ts';
import type { Lut } from '../lut/schema.ts';
import { type WholeNetworkFit, wholeNetworkUs } from '../lut/whole-network.ts';
import { foldNetwork } from '../network/fold.ts';
import type { Layer, Network } from '../network/types.ts';
import type { Workload } from '../network/workload.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';
import { planTensors, uniformSchemes, weightedLayers } from '../quant/tensor-plan.ts';
import { ArenaPeaks } from './arena-peaks.ts';
import type { DeviceFacts } from './device.ts';
import { type MeasuredSum, measuredEnergy, modelledEnergy } from './energy.ts';
import { estimateOf, METER_RELATIVE_ERROR, summedEnergyError, systematicRelativeError } from './intervals.ts';
import { type LayerSizes, type LearnedExtras, learnedExtras, resizeWorkload, sizeNumber } from './layer-sizes.ts';
import { type EntryEstimate, type PricedLayer, PriceList, type RunsConditional } from './price-list.ts';
import { deriveTypeRules, isReal, type TypeRule } from './type-rules.ts';
import type { Cost, CostModel, Work } from './types.ts';

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
  /** The network as the profile command would name it, for the error about a missing entry; its name unless given. */
  measuredAs?: string | MeasuredAs;
  /** Prices what the table lacks; without it a missing entry is an error. */
  estimateEntry?: EntryEstimate;
}

/**
 * A cost model that prices candidates of one network from one table: latency is the table's scalar times the sum of
 * the layers' medians. Formulas and intervals are derived in docs/cost-model.md. After each layer has been seen once
 * under each scheme and each pair of neighbouring types, an estimate is a few additions a layer.
 *
 * @throws {BitbudgetError} `unsupported` where the network cannot be folded.
 */
export function createCostModel(options: CostModelOptions): CostModel {
  const { network, table, device } = options;
  return new TableCostModel(network, table, device, openPriceList(table, options));
}

/** The prices of a table, which models of several networks may share. */
export function openPriceList(
  table: Lut,
  { network, conditional, measuredAs, estimateEntry }: Omit<CostModelOptions, 'table' | 'device'>,
): PriceList {
  return new PriceList(new LutIndex(table), measuredAs ?? network.name, conditional ?? (() => false), estimateEntry);
}

/** What has to be known of an executed layer to find its price. */
interface LayerSlot {
  layer: Layer;
  position: number;
  /** Position among the layers with weights, or −1. */
  searchable: number;
  extras: LearnedExtras;
  /** For layers without weights: whether they run in f32. */
  scheme?: TypeRule;
  input: TypeRule;
  output: TypeRule;
  /** By 4 · scheme + 2 · (input is f32) + (output is f32), which is called a combination. */
  known: ({ workload: Workload; scheme: Scheme; priced: PricedLayer | undefined } | undefined)[];
  /** By combination and then by the number of its sizes: layers that are smaller than the network's own. */
  resized: Map<number, PricedLayer>[];
}

/** What of a table a price is made of besides its entries. */
export type PricedTable = WholeNetworkFit & Pick<Lut, 'validation' | 'protocol' | 'threads'>;

const NO_EXTRAS: LearnedExtras = { bias: false, norms: 0 };

/** {@link createCostModel}; prices layers that are smaller than the network's own besides. */
export class TableCostModel implements CostModel {
  readonly layers: readonly string[];
  private readonly folded: Network;
  private readonly table: PricedTable;
  private readonly device: DeviceFacts | undefined;
  private readonly list: PriceList;
  private readonly slots: LayerSlot[];
  private readonly peaks: ArenaPeaks;
  private readonly systematic: number;
  private readonly summedEnergyError: number;
  private readonly schemeNumbers = new Map<Scheme, number>();
  private readonly isInteger: Uint8Array;
  private readonly schemeOf: Int32Array;
  /** How often each price occurs in the candidate at hand; all zero between estimates. */
  private readonly counts: number[] = [];

  /** @param device what energy is modelled with; a model that only names keys needs none. */
  constructor(network: Network, table: PricedTable, device: DeviceFacts | undefined, list: PriceList) {
    this.folded = foldNetwork({ ...network, weights: new Map() });
    this.layers = weightedLayers(this.folded);
    this.table = table;
    this.device = device;
    this.list = list;
    const rules = deriveTypeRules(this.folded);
    const extras = learnedExtras(network);
    this.slots = this.folded.layers.map((layer, position) => ({
      layer,
      position,
      searchable: this.layers.indexOf(layer.name),
      extras: extras.get(layer.name) ?? NO_EXTRAS,
      scheme: rules.layers.get(layer.name),
      input: rules.tensors.get(layer.inputs[0])!,
      output: rules.tensors.get(layer.name)!,
      known: [],
      resized: [],
    }));
    this.peaks = new ArenaPeaks(this.folded, rules);
    this.systematic = systematicRelativeError(table);
    this.summedEnergyError = summedEnergyError(table);
    this.isInteger = new Uint8Array(this.layers.length);
    this.schemeOf = new Int32Array(this.layers.length);
  }

  /** The layers that are executed, in order: what {@link LayerSizes} are about. */
  get executed(): readonly Layer[] {
    return this.folded.layers;
  }

  /** @param sizes where layers are smaller than the network's own. */
  estimate(schemes: readonly Scheme[], sizes?: LayerSizes): Cost {
    const priced = this.price(schemes, sizes);
    let sizeBytes = 0;
    let packedBytes = 0;
    let macs = 0;
    let bitOps = 0;
    let realMacs = 0;
    let integerMacs = 0;
    let parameters = 0;
    let flops = 0;
    let weightedParameters = 0;
    for (const layer of priced) {
      sizeBytes += layer.sizeBytes;
      packedBytes += layer.packedBytes;
      macs += layer.macs;
      bitOps += layer.bitOps;
      if (layer.real) realMacs += layer.macs;
      else integerMacs += layer.macs;
      parameters += layer.parameters;
      flops += layer.flops;
      weightedParameters += layer.weightedParameters;
    }
    const { latencyMs, measured } = this.sum(priced);
    assert(this.device, 'a price needs a device');
    const energyMj =
      measured === undefined
        ? modelledEnergy(latencyMs, { packedBytes, realMacs, integerMacs }, this.table.threads, this.device)
        : measuredEnergy(measured, latencyMs);
    const { peaks } = this;
    const isInteger = this.isInteger.slice();
    let ramBytes: number | undefined;
    return {
      latencyMs,
      energyMj,
      sizeBytes,
      get ramBytes() {
        ramBytes ??= peaks.peakBytes(isInteger, priced, sizes);
        return ramBytes;
      },
      macs,
      bitOps,
      parameters,
      flops,
      weightedParameters,
    };
  }

  keys(schemes: readonly Scheme[], sizes?: LayerSizes): string[] {
    return this.price(schemes, sizes).map(({ key }) => key);
  }

  /** What needs no table: the weights and the arithmetic. */
  work(schemes: readonly Scheme[], sizes?: LayerSizes): Work {
    const work = { sizeBytes: 0, macs: 0, bitOps: 0 };
    for (const { sizeBytes, macs, bitOps } of this.price(schemes, sizes)) {
      work.sizeBytes += sizeBytes;
      work.macs += macs;
      work.bitOps += bitOps;
    }
    return work;
  }

  uniform(scheme: Scheme, firstAndLast?: Scheme): Scheme[] {
    return [...uniformSchemes(this.folded, scheme, firstAndLast).values()];
  }

  /** The priced layers of a candidate in execution order. */
  private price(schemes: readonly Scheme[], sizes: LayerSizes | undefined): PricedLayer[] {
    this.read(schemes);
    const priced: PricedLayer[] = [];
    for (let i = 0; i < this.slots.length; i++) {
      const slot = this.slots[i];
      const combination = this.combination(slot);
      if (slot.known[combination] === undefined) {
        this.look(schemes);
        return this.price(schemes, sizes);
      }
      priced.push(sizes ? this.priceResized(slot, combination, sizes) : this.priceWhole(slot, combination));
    }
    return priced;
  }

  private priceWhole(slot: LayerSlot, combination: number): PricedLayer {
    const known = slot.known[combination]!;
    known.priced ??= this.list.layer(slot.layer, known.workload, known.scheme, slot.extras);
    return known.priced;
  }

  private priceResized(slot: LayerSlot, combination: number, sizes: LayerSizes): PricedLayer {
    slot.resized[combination] ??= new Map();
    const remembered = slot.resized[combination];
    const number = sizeNumber(sizes, slot.position);
    let priced = number < 0 ? undefined : remembered.get(number);
    if (!priced) {
      const { workload, scheme } = slot.known[combination]!;
      const resized = resizeWorkload(workload, slot.layer, sizes, slot.position);
      priced = this.list.layer(slot.layer, resized, scheme, slot.extras);
      if (number >= 0) remembered.set(number, priced);
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

  /** Takes down the workloads of all layers of a candidate that were not met in this combination before. */
  private look(schemes: readonly Scheme[]): void {
    const plan = planTensors(this.folded, new Map(this.layers.map((name, i) => [name, schemes[i]])));
    for (const slot of this.slots) {
      const { name } = slot.layer;
      slot.known[this.combination(slot)] ??= {
        workload: plan.workloads.get(name)!,
        scheme: plan.schemes.get(name)!,
        priced: undefined,
      };
    }
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
    let simulated = false;
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
      simulated ||= energy.source === 'model';
    }
    const valueMs = wholeNetworkUs(sumUs, this.folded.name, this.table) / 1000;
    const toMs = valueMs / sumUs;
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
      source: simulated ? ('model' as const) : ('measured' as const),
    };
    return { latencyMs, measured };
  }
}
