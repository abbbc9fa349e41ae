import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJson, temporaryFolder } from '../cli/command-line.ts';
import { cifarImages } from './cifar-images.ts';
import { explainSkip, hasTestData, testDataPath } from './test-data.ts';

explainSkip('model files from profile to verify');

describe.skipIf(!hasTestData)('a model file on the command line', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => folder.remove());

  it.each([
    ['pretrainedResnet_quant', { macs: 12_501_632, integerLayers: 10 }, 145],
    ['kws_ref_model', { macs: 2_656_768, integerLayers: 10 }, 37],
  ])(
    'is inspected, profiled, searched and verified: %s',
    async (name, figures, ramKib) => {
      const model = testDataPath(`mlperf-tiny/${name}.tflite`);
      const table = folder.path(`${name}.json`);
      const runFolder = folder.path(name);
      const quick = ['--schemes', 'w8a8,w4a4'];

      const profile = ['--network', model, ...quick, '--visits', '2', '--time-max-s', '2', '--out', table];
      expect((await runJson('--quiet', 'profile', ...profile)).exitCode).toBe(0);

      const inspected = await runJson('inspect', model, '--lut', table);
      expect(inspected.document).toMatchObject(figures);
      const { workloads, counts } = inspected.document.lut;
      expect(workloads.length).toBeGreaterThan(5);
      expect(counts).toMatchObject({ missing: 0, interpolable: 0 });

      const budget = ['--evaluations', '92', '--evaluate-front', '0', '--calibration-samples', '4'];
      const searched = await runJson(
        '--quiet',
        'search',
        '--network',
        model,
        '--lut',
        table,
        ...quick,
        ...budget,
        '--out',
        runFolder,
      );
      expect(searched.exitCode).toBe(0);
      expect(searched.document.front.length).toBeGreaterThan(1);
      for (const { metrics } of searched.document.front) expect(metrics.ramBytes).toBeLessThan(2 * ramKib * 1024);

      const candidate = `${runFolder}/front/000.json`;
      const verified = await runJson('--quiet', 'verify', '--network', model, '--lut', table, '--candidate', candidate);
      expect([0, 4]).toContain(verified.exitCode); // how well it predicts is for a quiet machine to say
      expect(verified.document.networks).toHaveLength(1);
      expect(verified.document.networks[0].measuredMs).toBeGreaterThan(0);
    },
    600_000,
  );

  it('labels the 500 test images of CIFAR-10 as the runtimes do that it is made for: ResNet-8, float and int8', async () => {
    const images = cifarImages('test_first500');
    const records = Array.from({ length: images.count }, (_, index) => {
      const pixels = images.pixels(index);
      const planes = [0, 1, 2].map((channel) => pixels.filter((_, at) => at % 3 === channel));
      return Buffer.concat([Uint8Array.of(images.label(index)), ...planes]);
    });
    const dataset = folder.path('test_batch.bin');
    writeFileSync(dataset, Buffer.concat(records));
    const top1 = async (name: string, ...more: string[]) => {
      const model = testDataPath(`mlperf-tiny/${name}.tflite`);
      const calibration = ['--calibration-samples', '4'];
      const flags = ['--network', model, '--dataset', dataset, ...calibration, ...more];
      const { exitCode, document } = await runJson('--quiet', 'evaluate', ...flags);
      expect(exitCode).toBe(0);
      expect(document).toMatchObject({ samples: 500, dataset });
      return document.top1;
    };
    expect(await top1('pretrainedResnet', '--schemes', 'f32', '--pixels', '0..255')).toBe(0.89);
    expect(await top1('pretrainedResnet_quant', '--rounding', 'tflite')).toBe(0.89);
    expect(await top1('pretrainedResnet_quant')).toBe(0.884); // rounded once
  }, 600_000);
});
