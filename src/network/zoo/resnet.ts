import { NetworkBuilder } from '../builder.ts';
import type { Network } from '../types.ts';

/** One transform for all channels, so that raw pixels are themselves a quantized input: real = (pixel − 128) / 63.75. */
const PREPROCESSING = { mean: [128 / 255, 128 / 255, 128 / 255], std: [0.25, 0.25, 0.25] };
const CLASSES = 10;

/**
 * ResNet for 32×32×3 images with `depth` = 6n + 2 weighted layers (He et al. 2015, section 4.2). Where a stage begins,
 * the shortcut is a 1×1 convolution, or with `parameterFree` option A: every second pixel, padded with zero channels.
 *
 * @example cifarResNet(20, false).layers.filter((layer) => layer.op === 'conv2d').length // => 21
 */
export function cifarResNet(depth: number, parameterFree: boolean): Network {
  const blocksPerStage = (depth - 2) / 6;
  const builder = new NetworkBuilder(`resnet${depth}${parameterFree ? '-a' : ''}`, [32, 32, 3], PREPROCESSING);
  const normalised = (name: string, channels: number, kernel: number, stride: number) =>
    builder.convolution(name, channels, { kernel, stride, padding: (kernel - 1) / 2 }).batchNorm(`${name}.norm`, 1e-5);

  normalised('stem', 16, 3, 1).activation('stem.relu', 'relu');
  for (let stage = 0; stage < 3; stage++) {
    const channels = 16 << stage;
    for (let block = 0; block < blocksPerStage; block++) {
      const name = `stage${stage + 1}.block${block + 1}`;
      const start = builder.tensor;
      const [, , inChannels] = builder.shape();
      const stride = inChannels === channels ? 1 : 2;
      let shortcut = start;
      if (stride === 2) {
        const added = channels - inChannels;
        if (parameterFree) builder.subsample(`${name}.shortcut`, stride, added >> 1, added - (added >> 1));
        else normalised(`${name}.shortcut`, channels, 1, stride);
        shortcut = builder.tensor;
      }
      builder.from(start);
      normalised(`${name}.conv1`, channels, 3, stride).activation(`${name}.relu1`, 'relu');
      normalised(`${name}.conv2`, channels, 3, 1).add(`${name}.add`, shortcut).activation(`${name}.relu2`, 'relu');
    }
  }
  return builder.globalAveragePool('pool').dense('classifier', CLASSES).build();
}

/**
 * ResNet-8 of the MLPerf Tiny benchmark's image classification task (Banbury et al. 2021): three stages of one block,
 * TensorFlow's `same` padding, convolutions with bias, and 1×1 shortcuts without batch norm.
 *
 * @example resnet8().layers.filter((layer) => layer.op === 'conv2d').length // => 9
 */
export function resnet8(): Network {
  const builder = new NetworkBuilder('resnet8', [32, 32, 3], PREPROCESSING);
  const convolution = (name: string, channels: number, kernel: number, stride: number) =>
    builder.convolution(name, channels, { kernel, stride, padding: 'same', bias: true });

  convolution('stem', 16, 3, 1).batchNorm('stem.norm', 1e-3).activation('stem.relu', 'relu');
  for (let stage = 0; stage < 3; stage++) {
    const channels = 16 << stage;
    const stride = stage === 0 ? 1 : 2;
    const name = `stage${stage + 1}`;
    const start = builder.tensor;
    let shortcut = start;
    if (stride === 2) shortcut = convolution(`${name}.shortcut`, channels, 1, stride).tensor;
    builder.from(start);
    convolution(`${name}.conv1`, channels, 3, stride)
      .batchNorm(`${name}.norm1`, 1e-3)
      .activation(`${name}.relu1`, 'relu');
    convolution(`${name}.conv2`, channels, 3, 1).batchNorm(`${name}.norm2`, 1e-3);
    builder.add(`${name}.add`, shortcut).activation(`${name}.relu2`, 'relu');
  }
  return builder.globalAveragePool('pool').dense('classifier', CLASSES).build();
}
