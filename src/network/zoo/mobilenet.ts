import { NetworkBuilder } from '../builder.ts';
import type { Network } from '../types.ts';

/** One transform for all channels, so that raw pixels are themselves a quantized input: real = (pixel − 128) / 127.5. */
const PREPROCESSING = { mean: [128 / 255, 128 / 255, 128 / 255], std: [0.5, 0.5, 0.5] };

/** Expansion, channels at width 1, blocks, stride of the first: Sandler et al. 2018, table 2. */
const V2_STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * MobileNetV2 (Sandler et al. 2018) for 1,000 classes, TensorFlow's `same` padding.
 *
 * @param width factor of all channels, each rounded to a multiple of 8; the last convolution is not narrowed below 1,280.
 * @param resolution side of the square input.
 * @example mobileNetV2(0.35, 96).inputShape // => [96, 96, 3]
 */
export function mobileNetV2(width: number, resolution: number): Network {
  const plain = width === 1 && resolution === 224;
  const name = plain ? 'mobilenet-v2' : `mobilenet-v2-${width}-${resolution}`;
  const builder = new NetworkBuilder(name, [resolution, resolution, 3], PREPROCESSING);
  const normalised = (layer: string, channels: number, kernel: number, stride: number) =>
    builder.convolution(layer, channels, { kernel, stride, padding: 'same' }).batchNorm(`${layer}.norm`, 1e-3);

  normalised('stem', divisible(32 * width), 3, 2).activation('stem.relu', 'relu6');
  for (const [stage, [expansion, channels, blocks, stride]] of V2_STAGES.entries()) {
    for (let block = 0; block < blocks; block++) {
      const at = `stage${stage + 1}.block${block + 1}`;
      const start = builder.tensor;
      const [, , inChannels] = builder.shape();
      const outChannels = divisible(channels * width);
      const step = block === 0 ? stride : 1;
      if (expansion > 1) normalised(`${at}.expand`, inChannels * expansion, 1, 1).activation(`${at}.relu1`, 'relu6');
      builder
        .depthwise(`${at}.depthwise`, { kernel: 3, stride: step, padding: 'same' })
        .batchNorm(`${at}.depthwise.norm`, 1e-3)
        .activation(`${at}.relu2`, 'relu6');
      normalised(`${at}.project`, outChannels, 1, 1); // linear: the block's output is not clamped
      if (step === 1 && inChannels === outChannels) builder.add(`${at}.add`, start);
    }
  }
  normalised('head', divisible(1280 * Math.max(width, 1)), 1, 1).activation('head.relu', 'relu6');
  return builder.globalAveragePool('pool').dense('classifier', 1000).build();
}

/** Channels, blocks and stride of the first: the stages of the once-for-all space that APQ searches. */
const APQ_STAGES = [
  [24, 4, 2],
  [40, 4, 2],
  [80, 4, 2],
  [96, 4, 1],
  [192, 4, 2],
  [320, 1, 1],
] as const;

/**
 * The largest network of the space that APQ searches (Wang et al., CVPR 2020, after ProxylessNAS): 21 inverted residuals
 * with 7×7 windows and an expansion of 6, for 224 × 224 images and 1,000 classes. Genes for windows, channels and depth
 * make it smaller.
 *
 * @example apqNetwork().layers.filter((layer) => layer.op === 'conv2d').length // => 67
 */
export function apqNetwork(): Network {
  const builder = new NetworkBuilder('apq', [224, 224, 3], PREPROCESSING);
  const normalised = (layer: string, channels: number, kernel: number, stride: number) =>
    builder.convolution(layer, channels, { kernel, stride, padding: 'same' }).batchNorm(`${layer}.norm`, 1e-3);
  const depthwise = (layer: string, kernel: number, stride: number) =>
    builder
      .depthwise(layer, { kernel, stride, padding: 'same' })
      .batchNorm(`${layer}.norm`, 1e-3)
      .activation(`${layer}.relu`, 'relu6');

  normalised('stem', 32, 3, 2).activation('stem.relu', 'relu6');
  depthwise('stem.depthwise', 3, 1);
  normalised('stem.project', 16, 1, 1);
  for (const [stage, [channels, blocks, stride]] of APQ_STAGES.entries()) {
    for (let block = 0; block < blocks; block++) {
      const at = `stage${stage + 1}.block${block + 1}`;
      const start = builder.tensor;
      const [, , inChannels] = builder.shape();
      normalised(`${at}.expand`, inChannels * 6, 1, 1).activation(`${at}.relu1`, 'relu6');
      depthwise(`${at}.depthwise`, 7, block === 0 ? stride : 1);
      normalised(`${at}.project`, channels, 1, 1);
      if (block > 0) builder.add(`${at}.add`, start);
    }
  }
  normalised('head', 1280, 1, 1).activation('head.relu', 'relu6');
  return builder.globalAveragePool('pool').dense('classifier', 1000).build();
}

/** Output channels and stride of each separable block: Howard et al. 2017, table 1, at a quarter of the width. */
const V1_BLOCKS = [
  [16, 1],
  [32, 2],
  [32, 1],
  [64, 2],
  [64, 1],
  [128, 2],
  [128, 1],
  [128, 1],
  [128, 1],
  [128, 1],
  [128, 1],
  [256, 2],
  [256, 1],
] as const;

/**
 * MobileNetV1 (Howard et al. 2017) at a quarter of its width for 96 × 96 images and two classes: the visual wake words
 * task of MLPerf Tiny (Banbury et al. 2021).
 *
 * @example mobileNetV1Quarter().layers.filter((layer) => layer.op === 'conv2d').length // => 27
 */
export function mobileNetV1Quarter(): Network {
  const builder = new NetworkBuilder('mobilenet-v1-0.25', [96, 96, 3], PREPROCESSING);
  builder
    .convolution('stem', 8, { kernel: 3, stride: 2, padding: 'same', bias: true })
    .batchNorm('stem.norm', 1e-3)
    .activation('stem.relu', 'relu');
  for (const [block, [channels, stride]] of V1_BLOCKS.entries()) {
    const at = `block${block + 1}`;
    builder
      .depthwise(`${at}.depthwise`, { kernel: 3, stride, padding: 'same', bias: true })
      .batchNorm(`${at}.depthwise.norm`, 1e-3)
      .activation(`${at}.relu1`, 'relu')
      .convolution(`${at}.pointwise`, channels, { kernel: 1, padding: 'same', bias: true })
      .batchNorm(`${at}.pointwise.norm`, 1e-3)
      .activation(`${at}.relu2`, 'relu');
  }
  return builder.globalAveragePool('pool').dense('classifier', 2).build();
}

/** The nearest multiple of 8, at least 8, and not more than a tenth below the wish. */
function divisible(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}
