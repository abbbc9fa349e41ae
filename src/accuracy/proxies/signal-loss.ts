import { cholesky, solveCholesky } from '../../core/cholesky.ts';
import { logarithm } from '../../core/elementary.ts';
import { Random } from '../../core/random.ts';
import { type Scheme, schemeBits } from '../../quant/scheme.ts';
import { weightedLayers } from '../../quant/tensor-plan.ts';
import { type Assignment, oneAtATime, runVersions } from './probe-runs.ts';
import { assertNeeds, type BitProxy, type SchemeLosses } from './types.ts';

/** Images that every version of the network is run on. */
const PROBE_IMAGES = 32;
/** Versions with all layers quantized. */
const WHOLE_NETWORKS = 96;
/** Weight of a layer's own correction against the residuals, for so many networks. */
const RIDGE = 8;
/** Of the signal at least so much counts as kept: an estimate from a few hundred numbers tells no less. */
const LEAST_KEPT = 1e-3;
/** Relative squared differences below this are rounding. */
const ROUNDING = 1e-20;

/**
 * Signal loss, of our own: −ln ρ², with ρ the correlation of the quantized network's logits with those in f32 over images
 * and classes. ρ² is the share of the signal that is kept whatever the logits are scaled by, which changes no label. Where
 * layers lose independent shares the kept ones multiply, so the losses add up.
 *
 * First every layer is quantized alone (p). Then networks with random schemes in all layers are measured in the same way,
 * and a ridge regression of their losses, t = c·Σ p + Σ (u of the layer's weight bits + v of its activation bits) + d,
 * corrects what a layer does alone by what it does among other quantized layers; u and v are penalised relative to the
 * layer's mean p at that width, so that where little is lost, little is corrected. A network counts with 1 / (1 + t)²: how
 * much exactly a useless one loses is of no interest, and would drown what good ones say. Last, no layer gains by fewer
 * bits: a loss is at least those of the same layer with as many bits or more. The first and the last layer, which spaces
 * keep, stay at the widest scheme in the random networks, and so uncorrected. All is + − × ÷ and √, the same on every
 * engine.
 */
export const SIGNAL_LOSS: BitProxy = {
  name: 'signal-loss',
  paper: 'ours: the additive noise model of Lin et al., ICML 2016, for shares of signal, corrected by whole networks',
  needs: ['images'],
  async losses(context, schemes) {
    assertNeeds(SIGNAL_LOSS, context);
    const layers = weightedLayers(context.source.folded);
    const integer = schemes.filter((scheme) => scheme !== 'f32');
    const alone = emptyTable(layers);
    if (integer.length === 0) return { layers, losses: alone };
    const images = context.images.slice(0, PROBE_IMAGES);
    const { real, single, versions } = oneAtATime(context, integer);
    const random = drawNetworks(layers, schemes);
    const sampled: number[] = [];
    let reference: readonly Float32Array[] = [];
    const all = [real, ...versions, ...random];
    await runVersions(context, all, images, 'measuring the signal that layers lose', (version, logits) => {
      if (version === 0) reference = logits;
      else if (version > single.length) sampled.push(signalLoss(reference, logits));
      else alone.get(single[version - 1].layer)!.set(single[version - 1].scheme, signalLoss(reference, logits));
    });
    const corrected = correctTable(layers, alone, random, sampled);
    return { layers, losses: withoutGains(corrected) };
  },
};

type Table = SchemeLosses['losses'];

function emptyTable(layers: readonly string[]): Table {
  return new Map(layers.map((layer) => [layer, new Map<Scheme, number>([['f32', 0]])]));
}

/**
 * −ln ρ² of two sets of logits; the mean logit of an image is no information and is taken off.
 *
 * @returns from 0, where one is a multiple of the other, to −ln 0.001.
 * @example signalLoss([Float32Array.of(1, -1)], [Float32Array.of(2, -2)]) // => 0
 */
export function signalLoss(reference: readonly Float32Array[], logits: readonly Float32Array[]): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (const [i, own] of logits.entries()) {
    const [a, b] = [centred(reference[i]), centred(own)];
    for (let c = 0; c < a.length; c++) {
      product += a[c] * b[c];
      squareA += a[c] * a[c];
      squareB += b[c] * b[c];
    }
  }
  if (product <= 0) return -logarithm(LEAST_KEPT); // nothing is kept, or the opposite
  const kept = (product / squareA) * (product / squareB);
  return Math.max(-logarithm(Math.max(kept, LEAST_KEPT)), 0);
}

function centred(logits: Float32Array): number[] {
  let sum = 0;
  for (const logit of logits) sum += logit;
  const mean = sum / logits.length;
  return Array.from(logits, (logit) => logit - mean);
}

/** Networks with random schemes: by turns each layer by itself, and with a liking of the network's for some schemes. */
function drawNetworks(layers: readonly string[], schemes: readonly Scheme[]): Assignment[] {
  const random = new Random(1);
  const widest = schemes.reduce((most, scheme) => (area(scheme) > area(most) ? scheme : most));
  return Array.from({ length: WHOLE_NETWORKS }, (_, n) => {
    const likings = schemes.map(() => (n % 2 === 0 ? 1 : liking(random)));
    const sum = likings.reduce((total, liking) => total + liking, 0);
    const draw = () => {
      let left = random.real() * sum;
      return schemes.find((_, s) => (left -= likings[s]) < 0) ?? widest;
    };
    return new Map(layers.map((layer, i) => [layer, i === 0 || i === layers.length - 1 ? widest : draw()]));
  });
}

/** Mostly small; a product, because engines may round a power as they like. */
function liking(random: Random): number {
  const share = random.real();
  return share * share * share + 0.005;
}

function area(scheme: Scheme): number {
  const { weightBits, activationBits } = schemeBits(scheme);
  return weightBits * activationBits;
}

/**
 * A table whose sums fit whole networks better than those of layers alone: see {@link SIGNAL_LOSS}.
 *
 * @param alone the loss of each layer and scheme alone.
 * @param networks the schemes of whole networks, and what they lose.
 * @example correctTable(['a'], new Map([['a', new Map([['w8a8', 0], ['w4a4', 1]])]]), [new Map([['a', 'w8a8']])], [3]).get('a').get('w4a4') // => 1
 */
export function correctTable(
  layers: readonly string[],
  alone: Table,
  networks: readonly Assignment[],
  losses: number[],
): Table {
  const lossAlone = (layer: string, scheme: Scheme) => alone.get(layer)!.get(scheme)!;
  const sums = networks.map((schemes) => layers.reduce((sum, layer) => sum + lossAlone(layer, schemes.get(layer)!), 0));
  const columns = columnsOf(layers, networks, alone);
  const rows = networks.map((schemes, n) => [sums[n], ...columns.rowOf(schemes)]);
  const weights = weightsOf(losses);
  const mean = weightedMean(losses, weights);
  const means = rows[0].map((_, k) =>
    weightedMean(
      rows.map((row) => row[k]),
      weights,
    ),
  );
  const centredRows = rows.map((row) => row.map((value, k) => value - means[k]));
  const spread = centredRows.reduce((total, [sum]) => total + sum * sum, 0);
  if (spread <= ROUNDING * rows.length * means[0] ** 2) return alone; // networks that are all alike teach nothing
  const matrix = means.map((_, i) =>
    Float64Array.from(means, (_, j) => {
      let sum = i === j && i > 0 ? RIDGE : 0;
      for (const [n, row] of centredRows.entries()) sum += weights[n] * row[i] * row[j];
      return sum;
    }),
  );
  const right = means.map((_, k) =>
    centredRows.reduce((sum, row, n) => sum + weights[n] * row[k] * (losses[n] - mean), 0),
  );
  const [slope, ...corrections] = solveCholesky(cholesky(matrix), right);
  const corrected = emptyTable(layers);
  for (const layer of layers) {
    for (const [scheme, loss] of alone.get(layer)!) {
      if (scheme === 'f32') continue;
      const own = columns.of(layer, scheme);
      const added = own.reduce((sum, column) => sum + corrections[column] * columns.scales[column], 0);
      corrected.get(layer)!.set(scheme, slope * loss + added);
    }
  }
  return corrected;
}

/** What a network counts for by its loss, on average 1. */
function weightsOf(losses: readonly number[]): number[] {
  const weights = losses.map((loss) => 1 / ((1 + loss) * (1 + loss)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (weight * weights.length) / sum);
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  return values.reduce((sum, value, n) => sum + weights[n] * value, 0) / values.length;
}

/**
 * A column for each layer and each of its weight widths, and of its activation widths, that are met in the networks; the
 * widest of a layer has none. A column's entries are what the layer loses alone at that width, on average, in units of
 * the root mean square over all columns.
 */
function columnsOf(layers: readonly string[], networks: readonly Assignment[], alone: Table) {
  const columns = new Map<string, number>();
  const scales: number[] = [];
  for (const layer of layers) {
    for (const side of ['weightBits', 'activationBits'] as const) {
      const widths = new Set(networks.map((schemes) => schemeBits(schemes.get(layer)!)[side]));
      for (const width of [...widths].sort((x, y) => x - y).slice(0, -1)) {
        columns.set(`${layer}/${side}/${width}`, columns.size);
        const own = [...alone.get(layer)!].filter(([scheme]) => schemeBits(scheme)[side] === width);
        scales.push(own.reduce((sum, [, loss]) => sum + loss, 0) / own.length);
      }
    }
  }
  const size = Math.sqrt(scales.reduce((sum, scale) => sum + scale * scale, 0) / scales.length) || 1;
  const of = (layer: string, scheme: Scheme): number[] => {
    const { weightBits, activationBits } = schemeBits(scheme);
    const column = (side: string, width: number) => columns.get(`${layer}/${side}/${width}`) ?? [];
    return [column('weightBits', weightBits), column('activationBits', activationBits)].flat();
  };
  const rowOf = (schemes: Assignment): number[] => {
    const row = new Array<number>(columns.size).fill(0);
    for (const [layer, scheme] of schemes) for (const column of of(layer, scheme)) row[column] = scales[column] / size;
    return row;
  };
  return { of, rowOf, scales: scales.map((scale) => scale / size) };
}

/** Each loss raised to the greatest of the same layer with at least as many bits on both sides; none is below 0. */
function withoutGains(table: Table): Table {
  const raised = emptyTable([...table.keys()]);
  for (const [layer, row] of table) {
    for (const scheme of row.keys()) {
      if (scheme === 'f32') continue;
      const { weightBits, activationBits } = schemeBits(scheme);
      let most = 0;
      for (const [other, loss] of row) {
        const bits = schemeBits(other);
        if (bits.weightBits >= weightBits && bits.activationBits >= activationBits) most = Math.max(most, loss);
      }
      raised.get(layer)!.set(scheme, most);
    }
  }
  return raised;
}
