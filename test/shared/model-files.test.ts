import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJson, temporaryFolder } from '../cli/command-line.ts';
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
});
