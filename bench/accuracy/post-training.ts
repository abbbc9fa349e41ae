import { readFileSync } from 'node:fs';
import { countCorrectShared } from '../../src/accuracy/top1.ts';
import { loadForEvaluation } from '../../src/engine/evaluation-variants.ts';
import { SharedRuns } from '../../src/engine/shared-runs.ts';
import { foldNetwork } from '../../src/network/fold.ts';
import { attachWeights, decodeWeights } from '../../src/network/weights-file.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { calibratedSource } from '../../src/node/calibrated-source.ts';
import { openDatasetOnDisk } from '../../src/node/dataset-files.ts';
import { createEngine } from '../../src/node/network-engine.ts';
import type { CalibrationMethod } from '../../src/quant/calibration.ts';
import type { PostTrainingMethod } from '../../src/quant/post-training/methods.ts';
import { quantizeNetwork } from '../../src/quant/quantize.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { uniformSchemes } from '../../src/quant/tensor-plan.ts';

/**
 * What each post-training method gains at few bits, as a Markdown table:
 *
 *   npx tsx bench/accuracy/post-training.ts WEIGHTS TEST_SET CALIBRATION_SET [NETWORK] [SCHEMES]
 *
 * Beside top-1 stands the noise that quantization puts into the logits, relative to their own power: it tells methods apart
 * that a few hundred images cannot.
 */
const [weightsFile, testSet, calibrationSet, name = 'resnet20-a', schemes = 'w8a8,w4a4,w3a4'] = process.argv.slice(2);
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const ROWS: readonly (readonly [CalibrationMethod, ...PostTrainingMethod[]])[] = [
  ['minmax'],
  ['percentile'],
  ['mse'],
  ['mse', 'equalise'],
  ['mse', 'bias'],
  ['mse', 'batch-norm'],
  ['mse', 'adaround'],
  ['mse', 'adaround', 'bias'],
  ['mse', 'adaround', 'batch-norm'],
  ['mse', 'equalise', 'adaround', 'batch-norm'],
];

const { engine } = await createEngine();
const { weights } = decodeWeights(new Uint8Array(readFileSync(weightsFile)), weightsFile);
const folded = foldNetwork({ ...attachWeights(zooNetwork(name), weights, weightsFile), preprocessing: IMAGENET });
const expected = { shape: folded.inputShape };
const test = openDatasetOnDisk({ name: testSet, split: 'test', expected });
const wanted = schemes.split(',') as Scheme[];

const sources = ROWS.map(([method, ...methods]) =>
  calibratedSource(engine, folded, { method, dataset: calibrationSet, samples: 128, seed: 1, methods }),
);
const networks = [
  quantizeNetwork(sources[0], uniformSchemes(folded, 'f32')),
  ...sources.flatMap((source) => wanted.map((scheme) => quantizeNetwork(source, uniformSchemes(folded, scheme)))),
];
const runs = new SharedRuns(loadForEvaluation(engine, networks));
const correct = countCorrectShared(runs, test, 0, test.count);
const noise = logitNoise();

const percent = (count: number) => `${((100 * count) / test.count).toFixed(1)}%`;
console.log(`${name}, ${test.count} test images, f32 ${percent(correct[0])}\n`);
console.log(`| ranges | methods | ${wanted.flatMap((s) => [s, 'noise']).join(' | ')} |`);
console.log(`|---|---|${'---|'.repeat(2 * wanted.length)}`);
for (const [row, [method, ...methods]] of ROWS.entries()) {
  const cells = wanted.flatMap((_, s) => {
    const at = 1 + row * wanted.length + s;
    return [percent(correct[at]), noise[at].toFixed(4)];
  });
  console.log(`| ${method} | ${methods.join(' + ') || '–'} | ${cells.join(' | ')} |`);
}

/** Power of the difference from the f32 logits over theirs, of each network. */
function logitNoise(): number[] {
  const power = new Array<number>(networks.length).fill(0);
  for (let i = 0; i < Math.min(200, test.count); i++) {
    const outputs = runs.run(test.pixels(i));
    for (const [k, logits] of outputs.entries()) {
      for (const [c, logit] of logits.entries()) power[k] += (k === 0 ? logit : logit - outputs[0][c]) ** 2;
    }
  }
  return power.map((sum) => sum / power[0]);
}
