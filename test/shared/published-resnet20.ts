import type { Dataset } from '../../src/data/types.ts';
import type { Network, Weights } from '../../src/network/types.ts';
import { attachWeights } from '../../src/network/weights-file.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { openDatasetOnDisk } from '../../src/node/dataset-files.ts';
import { readFloats, readTestData, testDataPath } from './test-data.ts';

const NORM = { gamma: 'weight', beta: 'bias', mean: 'running_mean', variance: 'running_var' };

/** The published weights under our names: kernels from [out][in][h][w] to [out][h][w][in]. */
export function publishedNetwork(): Network {
  const values = readFloats('resnet20-cifar10/resnet20_f32.bin');
  const index: Record<string, { shape: number[]; offset: number }> = JSON.parse(
    new TextDecoder().decode(readTestData('resnet20-cifar10/resnet20_index.json')),
  );
  const read = (name: string) => {
    const { shape, offset } = index[name];
    return { shape, tensor: values.slice(offset, offset + shape.reduce((product, size) => product * size, 1)) };
  };
  const graph = zooNetwork('resnet20-a');
  const weights: Weights = new Map();
  for (const layer of graph.layers) {
    const theirs = theirName(layer.name);
    if (layer.op === 'conv2d') {
      weights.set(`${layer.name}.kernel`, channelsLast(read(`${theirs}.weight`)));
    } else if (layer.op === 'batchNorm') {
      for (const [ours, part] of Object.entries(NORM))
        weights.set(`${layer.name}.${ours}`, read(`${theirs}.${part}`).tensor);
    } else if (layer.op === 'dense') {
      weights.set(`${layer.name}.kernel`, read('linear.weight').tensor);
      weights.set(`${layer.name}.bias`, read('linear.bias').tensor);
    }
  }
  const preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  return { ...attachWeights(graph, weights, 'resnet20_f32.bin'), preprocessing };
}

/** `stage2.block1.conv1.norm` is their `layer2.0.bn1`. */
function theirName(ours: string): string {
  const norm = ours.endsWith('.norm');
  const name = ours.replace('.norm', '');
  if (name === 'stem') return norm ? 'bn1' : 'conv1';
  const match = /^stage(\d)\.block(\d)\.conv(\d)$/.exec(name);
  return match ? `layer${match[1]}.${Number(match[2]) - 1}.${norm ? 'bn' : 'conv'}${match[3]}` : name;
}

function channelsLast({ shape, tensor }: { shape: number[]; tensor: Float32Array }): Float32Array {
  const [out, channels, height, width] = shape;
  const moved = new Float32Array(tensor.length);
  for (let o = 0; o < out; o++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < height * width; p++) {
        moved[(o * height * width + p) * channels + c] = tensor[(o * channels + c) * height * width + p];
      }
    }
  }
  return moved;
}

/** CIFAR-10 images of the test data. */
export function cifarImages(split: 'train' | 'calibration' | 'test', samples?: number): Dataset {
  const part = split === 'test' ? 'test_first500' : 'train_first4000';
  const name = testDataPath(`cifar10/cifar10_${part}_NHWC.u8`);
  return openDatasetOnDisk({ name, split, samples, expected: { shape: [32, 32, 3], classes: 10 } });
}
