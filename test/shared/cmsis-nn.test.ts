import { beforeAll, describe, expect, it } from 'vitest';
import { integerWeights } from '../../src/network/import/integer-weights.ts';
import type {
  Conv2dLayer,
  IntegerWeights,
  Layer,
  Network,
  Padding,
  Pair,
  StoredFormat,
} from '../../src/network/types.ts';
import { createEngine, type NetworkEngine } from '../../src/node/network-engine.ts';
import type { LayerArithmetic } from '../../src/quant/arithmetic.ts';
import { runReference } from '../../src/quant/reference/run.ts';
import { doubleRounded } from './fixed-point.ts';
import { Histogram, loadImported, quantizeImported } from './imported-layers.ts';
import { explainSkip, hasTestData, listTestData, readTestData } from './test-data.ts';

interface Case {
  kind: 'conv' | 'dw' | 'fc' | 'avgpool' | 'maxpool';
  cfg: Record<string, number> & { PAD?: string };
  input: number[];
  weights: number[];
  bias: number[] | null;
  mult: number[];
  shift: number[];
  output_ref: number[];
}

/** Why a case does not run. */
const REFUSED: Record<string, string> = {
  fully_connected_w_zp:
    'weights have a zero point, and without it some of them leave 8 bits: refused, as integerWeights says',
};

const place = { source: 'case', op: 'case', layer: 'case' };

/** Scales 1 on both sides, so that a channel's multiplier is its weights' scale. */
function scalesOf({ mult, shift }: Case): number[] {
  return mult.map((value, c) => value * 2 ** (shift[c] - 31));
}

function weightsOf(testCase: Case, outChannels: number): IntegerWeights {
  const { weights, bias, kind, cfg } = testCase;
  const taps = weights.length / outChannels;
  const values =
    kind === 'dw' ? weights.map((_, i) => weights[(i % taps) * outChannels + Math.floor(i / taps)]) : weights;
  const quantized = { values, scales: scalesOf(testCase), zeroPoints: [-(cfg.FILTER_OFFSET ?? 0)] };
  return integerWeights(place, quantized, outChannels, 1, bias ?? undefined);
}

/** The padding behind the image follows from the output's size. */
function paddingOf(
  before: Pair,
  size: Pair,
  out: Pair,
  window: Pick<Conv2dLayer, 'kernel' | 'stride' | 'dilation'>,
): Padding {
  const after = ([0, 1] as const).map((axis) => {
    const extent = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
    return Math.max((out[axis] - 1) * window.stride[axis] + extent - size[axis] - before[axis], 0);
  });
  return [before[0], after[1], after[0], before[1]];
}

interface Prepared {
  network: Network;
  clamp: [low: number, high: number];
  batches: number;
}

function prepare(testCase: Case): Prepared {
  const { kind, cfg } = testCase;
  const pools = kind === 'avgpool' || kind === 'maxpool';
  const input = { scale: 1, zeroPoint: pools ? 128 : 128 - cfg.INPUT_OFFSET };
  const stored = { scale: 1, zeroPoint: pools ? 128 : 128 + cfg.OUTPUT_OFFSET };
  const base = { name: 'layer', inputs: ['input'], stored };
  const weights = new Map<string, IntegerWeights>();
  const real = new Map<string, Float32Array>();
  let layer: Layer;
  let inputShape: [number, number, number] = [cfg.INPUT_H, cfg.INPUT_W, cfg.IN_CH ?? cfg.INPUT_C];
  const out: Pair = [cfg.OUTPUT_H, cfg.OUTPUT_W];
  if (pools) {
    const window = {
      kernel: [cfg.FILTER_H, cfg.FILTER_W],
      stride: [cfg.STRIDE_H, cfg.STRIDE_W],
      dilation: [1, 1],
    } as const;
    const padding = paddingOf([cfg.PADDING_H, cfg.PADDING_W], [cfg.INPUT_H, cfg.INPUT_W], out, window);
    const { kernel, stride } = window;
    layer = { ...base, op: kind === 'avgpool' ? 'averagePool' : 'maxPool', kernel, stride, padding };
  } else if (kind === 'fc') {
    inputShape = [1, 1, cfg.ACCUMULATION_DEPTH];
    layer = { ...base, op: 'dense', outChannels: cfg.OUT_CH, activation: 'none', bias: true };
  } else {
    const window = {
      kernel: [cfg.FILTER_Y, cfg.FILTER_X],
      stride: [cfg.STRIDE_Y, cfg.STRIDE_X],
      dilation: [cfg.DILATION_Y, cfg.DILATION_X],
    } as const;
    const padding = paddingOf([cfg.PAD_Y, cfg.PAD_X], [cfg.INPUT_H, cfg.INPUT_W], out, window);
    const groups = kind === 'dw' ? cfg.IN_CH : cfg.IN_CH / (cfg.FILTER_CH ?? cfg.IN_CH);
    const rest = { outChannels: cfg.OUT_CH, groups, activation: 'none', bias: true } as const;
    layer = { ...base, op: 'conv2d', ...window, padding, ...rest };
  }
  // integers come from layers with weights: pools read a convolution that changes nothing
  const layers = pools ? [identity(inputShape[2], input), { ...layer, inputs: ['identity'] }] : [layer];
  if (pools) {
    const channels = inputShape[2];
    const values = new Int8Array(channels).fill(127);
    const scales = new Float64Array(channels).fill(1 / 127);
    weights.set('identity', { values, scales, bias: new Int32Array(channels), inputScale: 1 });
    real.set('identity.kernel', new Float32Array(channels).fill(1));
  } else {
    const integers = weightsOf(testCase, cfg.OUT_CH);
    weights.set('layer', integers);
    real.set('layer.kernel', Float32Array.from(integers.values));
  }
  const preprocessing = { mean: inputShape.map(() => 0), std: inputShape.map(() => 1) };
  return {
    network: { name: 'case', inputShape, preprocessing, layers, weights: real, quantization: { input, weights } },
    clamp: [cfg.OUT_ACTIVATION_MIN ?? cfg.ACTIVATION_MIN, cfg.OUT_ACTIVATION_MAX ?? cfg.ACTIVATION_MAX],
    batches: cfg.INPUT_BATCHES ?? cfg.BATCH_SIZE,
  };
}

function identity(channels: number, stored: StoredFormat): Conv2dLayer {
  const window = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;
  const rest = { outChannels: channels, groups: channels, activation: 'none', bias: true, stored } as const;
  return { op: 'conv2d', name: 'identity', inputs: ['input'], ...window, ...rest };
}

/** The kernels' outputs as signed bytes. */
function run(engine: NetworkEngine, testCase: Case): number[] {
  const { network, clamp, batches } = prepare(testCase);
  const [low, high] = clamp;
  const bounds = { clampLow: low + 128, clampHigh: high + 128 };
  const session = loadImported(engine, network, 'w8a8', 'once', (layer) =>
    layer.name === 'layer' ? { ...layer, ...bounds } : layer,
  );
  const size = network.inputShape.reduce((product, n) => product * n, 1);
  const [input, output] = [
    network.quantization!.input!.zeroPoint,
    network.layers[network.layers.length - 1].stored!.zeroPoint,
  ];
  const results: number[] = [];
  for (let b = 0; b < batches; b++) {
    const reals = Float32Array.from(testCase.input.slice(b * size, (b + 1) * size), (q) => q + 128 - input);
    for (const real of session.run(reals)) results.push(real + output - 128);
  }
  session.dispose();
  return results;
}

/** The same outputs with the sums that our reference has, brought to bytes by the reference library's own fixed point. */
function runInFixedPoint(testCase: Case): number[] {
  const { network, clamp, batches } = prepare(testCase);
  const [layer] = quantizeImported(network, 'w8a8').layers;
  const { outChannels } = layer.workload;
  const sums: LayerArithmetic = {
    ...layer,
    output: { type: 'f32' },
    multiplier: new Float32Array(outChannels).fill(1),
    ...{ clampLow: Number.NEGATIVE_INFINITY, clampHigh: Number.POSITIVE_INFINITY },
  };
  const size = testCase.input.length / batches;
  return Array.from({ length: batches }, (_, b) => b).flatMap((b) => {
    const input = Uint8Array.from(testCase.input.slice(b * size, (b + 1) * size), (q) => q + 128);
    return Array.from(runReference(sums, input), (sum, i) => {
      const c = i % outChannels;
      const q = doubleRounded(sum, testCase.mult[c], testCase.shift[c]) + testCase.cfg.OUTPUT_OFFSET;
      return Math.min(Math.max(q, clamp[0]), clamp[1]);
    });
  });
}

explainSkip('integer layers as another library computes them');

describe.skipIf(!hasTestData)('int8 layers with fixed-point reference outputs', () => {
  let engine: NetworkEngine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  const cases = hasTestData
    ? listTestData('cmsis-nn').map((file): [string, Case] => [
        file.replace('.json', ''),
        JSON.parse(new TextDecoder().decode(readTestData(`cmsis-nn/${file}`))),
      ])
    : [];
  const runnable = cases.filter(([name]) => !(name in REFUSED));

  it.each(['conv', 'dw', 'fc', 'avgpool', 'maxpool'] as const)('agrees with them within rounding: %s', (kind) => {
    const differences = new Histogram();
    const worst: string[] = [];
    const ofKind = runnable.filter(([, testCase]) => testCase.kind === kind);
    for (const [name, testCase] of ofKind) {
      const own = new Histogram();
      const actual = run(engine, testCase);
      own.addAll(actual, testCase.output_ref);
      differences.addAll(actual, testCase.output_ref);
      if (own.largest > 0) worst.push(`${name} (${own})`);
    }
    expect(ofKind.length, 'cases').toBeGreaterThan(3);
    console.info(`${kind}: ${ofKind.length} cases, differences ${differences} ${worst.join('; ')}`);
    expect(differences.largest).toBeLessThanOrEqual(kind === 'maxpool' ? 0 : 1);
    // an average's halves go to the even number here and away from zero there, and are no rarity
    expect((differences.counts.get(0) ?? 0) / differences.total).toBeGreaterThan(kind === 'avgpool' ? 0.95 : 0.999);
  });

  it('has the very same sums: rounded twice, as there, every output is equal', () => {
    for (const [name, testCase] of runnable) {
      if (testCase.mult === undefined) continue;
      expect(runInFixedPoint(testCase), name).toEqual(testCase.output_ref);
    }
  });

  it('refuses what it cannot compute, and says why', () => {
    for (const [name, reason] of Object.entries(REFUSED)) {
      const [, testCase] = cases.find(([known]) => known === name)!;
      expect(() => prepare(testCase), reason).toThrowError(/zero point/);
    }
  });
});
