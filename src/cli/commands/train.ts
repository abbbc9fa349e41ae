import { type Command, Option } from 'commander';
import { expectedImages } from '../../accuracy/dataset-fit.ts';
import { encodeWeights } from '../../network/weights-file.ts';
import { zooNetwork } from '../../network/zoo/index.ts';
import { openDatasetOnDisk } from '../../node/dataset-files.ts';
import { loadAutodiffOnNode } from '../../node/training-files.ts';
import { type DatasetFlags, datasetOptions, datasetSpecOf } from '../dataset-options.ts';
import { networkFlag, seedFlag, wholeNumber } from '../options.ts';
import type { CliContext } from '../session.ts';
import { percent } from '../validation-text.ts';

interface TrainFlags extends DatasetFlags {
  network: string;
  epochs: number;
  seed: number;
  out?: string;
}

/** `bitbudget train`: trains a zoo network in f32 and writes its weights. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('train')
    .description('train a network in f32 on this machine and write its weights')
    .addOption(networkFlag())
    .addOption(
      new Option('--epochs <n>', 'passes over the training images').argParser(wholeNumber(1, 10_000)).default(8),
    )
    .addOption(seedFlag())
    .addOption(new Option('--out <file>', 'the weights; <network>.weights unless given'));
  for (const option of datasetOptions('training images')) command.addOption(option);
  context.handle<TrainFlags>(command, async (_, flags, { files, progress, cancellation, note }) => {
    const { network: name, dataset, epochs, seed } = flags;
    const network = zooNetwork(name);
    const spec = { expected: expectedImages(network), ...datasetSpecOf(flags, 'train') };
    const train = openDatasetOnDisk(spec);
    const test = openDatasetOnDisk({ ...spec, split: 'test', samples: undefined });
    const { train: run } = await import('../../train/index.ts');
    const autodiff = await loadAutodiffOnNode();
    const result = await run({ autodiff, network, train, test, epochs, seed, progress, cancellation });
    for (const { epoch, loss, trainAccuracy } of result.history.slice(-1)) {
      note(`Epoch ${epoch}: loss ${loss.toFixed(3)}, training top-1 ${percent(trainAccuracy)}.`);
    }
    const out = flags.out ?? `${name}.weights`;
    const samples = flags.samples === undefined ? '' : ` --samples ${flags.samples}`;
    const provenance = {
      network: name,
      command: `bitbudget train --network ${name} --dataset ${dataset} --epochs ${epochs}${samples} --seed ${seed}`,
      seed,
      dataset,
      samples: train.count,
      epochs,
      accuracy: result.accuracy,
      testSamples: test.count,
    };
    await files.writeAtomic(out, encodeWeights(result.weights, provenance));
    const text = `${out}: ${name}, top-1 ${percent(result.accuracy)} on ${test.count} test images in f32`;
    return { document: { path: out, ...provenance }, text: () => text };
  });
}
