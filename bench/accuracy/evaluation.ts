import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countCorrect, countCorrectShared } from '../../src/accuracy/top1.ts';
import { Random } from '../../src/core/random.ts';
import { cachedDataset } from '../../src/data/cache.ts';
import { builtinDataset } from '../../src/data/index.ts';
import type { Dataset } from '../../src/data/types.ts';
import { loadForEvaluation } from '../../src/engine/evaluation-variants.ts';
import { SharedRuns } from '../../src/engine/shared-runs.ts';
import { openWorkbench } from '../../src/node/workbench.ts';
import { quantizeNetwork } from '../../src/quant/quantize.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { uniformSchemes, weightedLayers } from '../../src/quant/tensor-plan.ts';

/**
 * How fast accuracies are measured: 1,000 images of 32 × 32 through ResNet-20 in w8a8 on two threads, thread start and
 * reading a CIFAR-10 file included, or drawing the built-in images instead; and one thread with forty candidates as a search visits them, each image through each of them
 * alone and through all that they share.
 *
 *   npm run bench:evaluation
 */
// as it is shipped: from source, every thread would translate its modules first
const built = new URL('../../dist/node/evaluate.js', import.meta.url).href;
const { evaluateNetworks } = (await import(built)) as typeof import('../../src/node/evaluate.ts');
const calm = { onProgress() {}, cancellation: { aborted: false } };
const ROUNDS = 5;
const IMAGES = 1000;

const workbench = await openWorkbench('resnet20-a');
const { engine, source, folded } = workbench;
const w8a8 = quantizeNetwork(source, uniformSchemes(folded, 'w8a8'));

const images = cachedDataset(builtinDataset({ split: 'test', samples: 100 }));
for (let i = 0; i < images.count; i++) images.pixels(i);
const direct = [engine.load(w8a8)];
const fast = loadForEvaluation(engine, [w8a8]);

const folder = mkdtempSync(join(tmpdir(), 'bitbudget-bench-'));
const file = join(folder, 'test_batch.bin');
writeFileSync(file, cifarRecords(builtinDataset({ split: 'test', samples: IMAGES })));

const candidates = neighbours(40).map((schemes) => quantizeNetwork(source, schemes));
const alone = loadForEvaluation(engine, candidates);
const shared = new SharedRuns(loadForEvaluation(engine, candidates));

const times = { evaluate: [], drawn: [], direct: [], fast: [], alone: [], shared: [] } as Record<string, number[]>;
/** What a crowded machine does not lengthen. */
const cpuTimes: Record<string, number> = {};
for (let round = 0; round < ROUNDS; round++) {
  const fromFile = await timed('evaluate', () =>
    evaluateNetworks([w8a8], { ...calm, dataset: { name: file, split: 'test', samples: IMAGES }, workers: 2 }),
  );
  const drawn = await timed('drawn', () =>
    evaluateNetworks([w8a8], { ...calm, dataset: { name: 'builtin', split: 'test', samples: IMAGES }, workers: 2 }),
  );
  if (fromFile[0].top1 !== drawn[0].top1)
    throw new Error('the same images have another accuracy when read from a file');
  await timed('direct', () => countCorrect(direct, images, 0, 100));
  await timed('fast', () => countCorrect(fast, images, 0, 100));
  const plain = await timed('alone', () => countCorrect(alone, images, 0, 10));
  const together = await timed('shared', () => countCorrectShared(shared, images, 0, 10));
  if (plain.join() !== together.join()) throw new Error('shared runs count otherwise than runs alone');
}
rmSync(folder, { recursive: true });
const least = (name: string) => Math.min(...times[name]);
const median = (name: string) => [...times[name]].sort((a, b) => a - b)[ROUNDS >> 1];
const line = (what: string, name: string, per: number, unit: string) =>
  console.log(
    `${what}: median ${(median(name) / per).toFixed(2)} ${unit}, least ${(least(name) / per).toFixed(2)}, processor time of all threads at least ${(cpuTimes[name] / per).toFixed(2)}`,
  );
line('1,000 images of a CIFAR-10 file, w8a8, two threads, all included', 'evaluate', 1, 'ms');
line('1,000 built-in images, drawn meanwhile', 'drawn', 1, 'ms');
line('one image on one thread, direct kernels', 'direct', 100, 'ms');
line('one image on one thread, as evaluation chooses kernels', 'fast', 100, 'ms');
line('one image through 40 candidates, each alone', 'alone', 10, 'ms');
line('one image through 40 candidates, what they share once', 'shared', 10, 'ms');
const layers = alone.reduce((sum, { steps }) => sum + steps.length, 0);
console.log(
  `layers run: ${shared.layers} of ${layers}; times ${(median('alone') / median('shared')).toFixed(2)} apart`,
);

async function timed<T>(name: string, action: () => T | Promise<T>): Promise<T> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await action();
  times[name].push(performance.now() - start);
  const { user, system } = process.cpuUsage(cpu);
  cpuTimes[name] = Math.min(cpuTimes[name] ?? Infinity, (user + system) / 1000);
  return result;
}

/** A label and three planes for each image. */
function cifarRecords({ count, pixels, label }: Dataset): Uint8Array {
  const planeBytes = 32 * 32;
  const recordBytes = 1 + 3 * planeBytes;
  const bytes = new Uint8Array(count * recordBytes);
  for (let i = 0; i < count; i++) {
    const image = pixels(i);
    bytes[i * recordBytes] = label(i);
    for (let at = 0; at < image.length; at++) {
      bytes[i * recordBytes + 1 + (at % 3) * planeBytes + Math.trunc(at / 3)] = image[at];
    }
  }
  return bytes;
}

/** Candidates as late generations of a search hold them: one parent with one to three layers changed. */
function neighbours(count: number): Map<string, Scheme>[] {
  const random = new Random(5);
  const layers = weightedLayers(folded);
  const choices: Scheme[] = ['w8a8', 'w4a8', 'w4a4', 'w2a4'];
  const parent = new Map(layers.map((layer): [string, Scheme] => [layer, choices[random.below(choices.length)]]));
  return Array.from({ length: count }, () => {
    const child = new Map(parent);
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      child.set(layers[random.below(layers.length)], choices[random.below(choices.length)]);
    }
    return child;
  });
}
