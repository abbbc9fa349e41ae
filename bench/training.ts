import { Random } from '../src/core/random.ts';
import { seededWeights } from '../src/network/seeded-weights.ts';
import { inferShapes } from '../src/network/shapes.ts';
import { zooNetwork } from '../src/network/zoo/index.ts';
import { loadAutodiffOnNode } from '../src/node/training-files.ts';
import { TrainableModel } from '../src/train/index.ts';
import { createOptimizer } from '../src/train/optimizer.ts';
import { trainStep } from '../src/train/train.ts';

/**
 * How fast networks are trained: forward, backward and update of batches of 32 images on one thread, in images a second.
 * Processor time stands beside, which other work on the machine does not lengthen.
 *
 *   npm run bench:training -- resnet8 ds-cnn
 */
const ALL = ['resnet8', 'resnet20', 'ds-cnn', 'mobilenet-v1-0.25', 'mobilenet-v2-0.35-96'];
const BATCH = 32;
const ROUNDS = 5;
const STEPS = 2;

const names = process.argv.slice(2);
const autodiff = await loadAutodiffOnNode();
const contestants = (names.length > 0 ? names : ALL).map((name) => ({
  name,
  step: stepOf(name),
  rates: [] as number[],
  cpu: 0,
}));
for (const { step } of contestants) for (let k = 0; k < STEPS; k++) step(); // what follows is compiled
for (let round = 0; round < ROUNDS; round++) {
  for (const contestant of contestants) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    for (let k = 0; k < STEPS; k++) contestant.step();
    const { user, system } = process.cpuUsage(cpu);
    contestant.rates.push((BATCH * STEPS * 1000) / (performance.now() - start));
    contestant.cpu = Math.max(contestant.cpu, (BATCH * STEPS * 1e6) / (user + system));
  }
}
for (const { name, rates, cpu } of contestants) {
  const [median, most] = [rates.sort((a, b) => a - b)[ROUNDS >> 1], rates[ROUNDS - 1]];
  console.log(
    `${name}: ${median.toFixed(0)} images/s (most ${most.toFixed(0)}), ${cpu.toFixed(0)} a second of processor time`,
  );
}
console.log(`memory: ${(autodiff.memoryBytes() / 2 ** 20).toFixed(0)} MiB, ${autodiff.tf.memory().numTensors} tensors`);

/** A training step of a network on noise, which is as fast as one on images. */
function stepOf(name: string): () => void {
  const network = seededWeights(zooNetwork(name), 1);
  const model = new TrainableModel(autodiff, network);
  const random = new Random(2);
  const [height, width, channels] = network.inputShape;
  const values = Float32Array.from({ length: BATCH * height * width * channels }, () => random.real() * 2 - 1);
  const [, , classes] = inferShapes(network).get(network.layers[network.layers.length - 1].name)!;
  const labels = Uint8Array.from({ length: BATCH }, (_, image) => image % classes);
  const optimizer = createOptimizer({ kind: 'sgd', weightDecay: 5e-4, momentum: 0.9 });
  return () => trainStep(model, values, labels, network.inputShape, 0.05, optimizer, 0.001);
}
