import { NetworkBuilder } from '../builder.ts';
import type { Network } from '../types.ts';

/** These inputs are features and no pixels; half a step of 255 as the mean keeps calibration from taking them for pixels. */
const FEATURES = { mean: [0.5], std: [0.25] };

/**
 * The keyword spotting network of MLPerf Tiny (Banbury et al. 2021, after Zhang et al. 2017): 49 frames of 10 MFCC
 * features, a 10 × 4 convolution, four depthwise separable blocks, 12 words.
 *
 * @example dsCnn().inputShape // => [49, 10, 1]
 */
export function dsCnn(): Network {
  const builder = new NetworkBuilder('ds-cnn', [49, 10, 1], FEATURES);
  builder
    .convolution('stem', 64, { kernel: [10, 4], stride: 2, padding: 'same', bias: true })
    .batchNorm('stem.norm', 1e-3)
    .activation('stem.relu', 'relu');
  for (let block = 1; block <= 4; block++) {
    builder
      .depthwise(`block${block}.depthwise`, { kernel: 3, padding: 'same', bias: true })
      .batchNorm(`block${block}.depthwise.norm`, 1e-3)
      .activation(`block${block}.relu1`, 'relu')
      .convolution(`block${block}.pointwise`, 64, { kernel: 1, padding: 'same', bias: true })
      .batchNorm(`block${block}.pointwise.norm`, 1e-3)
      .activation(`block${block}.relu2`, 'relu');
  }
  return builder.globalAveragePool('pool').dense('classifier', 12).build();
}

/**
 * The anomaly detection autoencoder of MLPerf Tiny (Banbury et al. 2021): 640 features, four layers of 128, a waist of 8,
 * and back. Its input is one pixel of 640 channels.
 *
 * @example autoencoder().layers.filter((layer) => layer.op === 'dense').length // => 10
 */
export function autoencoder(): Network {
  const [mean, std] = [FEATURES.mean[0], FEATURES.std[0]];
  const preprocessing = { mean: new Array<number>(640).fill(mean), std: new Array<number>(640).fill(std) };
  const builder = new NetworkBuilder('autoencoder', [1, 1, 640], preprocessing);
  const widths = [128, 128, 128, 128, 8, 128, 128, 128, 128];
  for (const [i, width] of widths.entries()) {
    const at = i < 4 ? `encoder${i + 1}` : i === 4 ? 'waist' : `decoder${i - 4}`;
    builder.dense(at, width).batchNorm(`${at}.norm`, 1e-3).activation(`${at}.relu`, 'relu');
  }
  return builder.dense('output', 640).build();
}
