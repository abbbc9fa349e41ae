import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createDesignCosts } from '../../../src/cost/design-costs.ts';
import { parseDevice } from '../../../src/cost/device.ts';
import { createEntry } from '../../../src/lut/entry-key.ts';
import { workloadMacs } from '../../../src/network/workload.ts';
import { zooNetwork } from '../../../src/network/zoo/index.ts';
import { schemeBits } from '../../../src/quant/scheme.ts';
import { hypervolume } from '../../../src/search/index.ts';
import { createSearchSpace, type SpacePoint } from '../../../src/space/index.ts';
import {
  findPreset,
  PRUNE_EA,
  type Preset,
  parseCsv,
  QUANT_EA,
  runStudy,
  type StudyPoint,
} from '../../../src/study/index.ts';
import { HASH, latencyAround, toyContent } from '../lut/toy-table.ts';
import { memoryFiles } from './toy-study.ts';

const device = parseDevice(
  readFileSync(new URL('../../../devices/raspberry-pi-4.json', import.meta.url), 'utf8'),
  'pi',
);

/** Prices every shape: a nanosecond for each thousand multiply-accumulates and bit. */
function costsOf(name: string) {
  const table = { ...toyContent([]), sha256: HASH };
  return createDesignCosts({
    network: zooNetwork(name),
    table,
    device,
    estimateEntry: ({ workload, scheme }) => {
      const { weightBits, activationBits } = schemeBits(scheme);
      const us = 0.01 + (workloadMacs(workload) * (weightBits + activationBits)) / 1e6;
      const fields = { workload, scheme, variant: 'toy', variantSha256: HASH, trust: 'interpolated' as const };
      return createEntry({ ...fields, latencyUs: latencyAround(us), scratchBytes: 0, packedBytes: 0 });
    },
  });
}

/** Loses by bits and by what is removed, later layers less than earlier ones. */
function toyLoss({ schemes, reduction }: SpacePoint): number {
  let sum = 0;
  let place = 1;
  for (const [layer, scheme] of schemes) {
    const { weightBits, activationBits } = schemeBits(scheme);
    const kept = reduction.keptChannels.get(layer)?.length;
    sum += (1 / weightBits + 1 / activationBits + (kept === undefined ? 0 : 1 / kept)) / place++;
  }
  return sum;
}

async function runPreset(preset: Preset, network = preset.network) {
  const space = createSearchSpace(zooNetwork(network), preset.space(zooNetwork(network)));
  const files = memoryFiles();
  const study = await runStudy<SpacePoint>({
    settings: { ...preset.settings, budgets: {}, seed: 3 },
    space,
    costModel: costsOf(network),
    proxy: { name: 'toy', loss: toyLoss },
    measures: preset.measures,
    initial: preset.initial(space, 3),
    publishedOutput: true,
    files,
    folder: 'run',
    provenance: { network },
    toCandidate: ({ genome }) => ({ genome }),
    onProgress: () => {},
    cancellation: { aborted: false },
    pause: async () => {},
  });
  const text = (name: string) => parseCsv(files.contents.get(`run/${name}`)!);
  return { space, study, text };
}

/** Hypervolume of the non-dominated among some points, with all objectives scaled to the range of all points. */
function scaled(points: readonly StudyPoint[], all: readonly StudyPoint[]): number {
  const values = (point: StudyPoint) => [point.loss, point.measures!.flops, point.measures!.weightedParameters];
  const low = [0, 1, 2].map((k) => Math.min(...all.map((point) => values(point)[k])));
  const high = [0, 1, 2].map((k) => Math.max(...all.map((point) => values(point)[k])));
  const scale = (point: StudyPoint) => values(point).map((value, k) => (value - low[k]) / (high[k] - low[k]));
  return hypervolume(points.map(scale), [1.1, 1.1, 1.1]);
}

describe('the first generation of a preset under a budget', () => {
  it('holds designs that use the budget up, which random ones leave far away', async () => {
    const network = zooNetwork('resnet20');
    const space = createSearchSpace(network, QUANT_EA.space(network));
    const costs = costsOf('resnet20');
    const [least, most] = [0, 2].map(
      (choice) => costs.estimate(space.decode(space.genes.map(() => choice))).latencyMs.value,
    );
    const latencyMs = least + 0.85 * (most - least);
    const given = QUANT_EA.initial(space, 2);
    const { points } = await runStudy<SpacePoint>({
      settings: { ...QUANT_EA.settings, evaluations: given.length, budgets: { latencyMs }, seed: 2 },
      ...{
        space,
        costModel: costs,
        proxy: { name: 'toy', loss: toyLoss },
        measures: QUANT_EA.measures,
        initial: given,
      },
      ...{ files: memoryFiles(), folder: 'run', provenance: {}, toCandidate: ({ genome }) => ({ genome }) },
      ...{ onProgress: () => {}, cancellation: { aborted: false }, pause: async () => {} },
    });
    const random = new Set(given.map((genome) => genome.join()));
    const [drawn, led] = [true, false].map((isDrawn) =>
      points.filter(({ genome }) => random.has(genome.join()) === isDrawn),
    );
    expect(drawn.length).toBeGreaterThan(20);
    expect(led.length).toBeGreaterThan(2);
    const nearest = Math.max(...led.map(({ cost }) => cost.latencyMs.value));
    expect(nearest).toBeGreaterThan(0.99 * latencyMs);
    expect(nearest).toBeGreaterThan(Math.max(...drawn.map(({ cost }) => cost.latencyMs.value)));
    const leastOf = (some: readonly StudyPoint[]) => Math.min(...some.map(({ loss }) => loss));
    expect(leastOf(led)).toBeLessThan(leastOf(drawn));
  });
});

describe("QuantEA's costs of ResNet-20", () => {
  const costs = costsOf('resnet20');
  const space = createSearchSpace(zooNetwork('resnet20'), QUANT_EA.space(zooNetwork('resnet20')));
  const uniform = (w: number, a: number) =>
    space.decode(space.genes.map(({ kind, choices }) => choices.indexOf(kind === 'weights' ? w : a)));

  it.each([
    [8, 8, 20.6281],
    [4, 4, 10.5356],
    [4, 8, 15.5818],
    [8, 4, 15.5818],
    [2, 2, 5.4893],
  ])('W%dA%d are the published %f million FLOPs', (w, a, millions) => {
    expect(costs.estimate(uniform(w, a)).flops! / 1e6).toBeCloseTo(millions, 4);
  });

  it.each([
    [8, 70.106],
    [4, 36.378],
  ])('W%d are the published %f thousand parameters', (w, thousands) => {
    expect(costs.estimate(uniform(w, 8)).weightedParameters! / 1e3).toBeCloseTo(thousands, 3);
  });

  it('have 40 genes, and one bit operation for each multiply-accumulate and pair of bits', () => {
    expect(space.genes).toHaveLength(40);
    const { bitOps, macs } = costs.estimate(uniform(4, 2));
    expect(macs).toBe(40_813_184);
    expect(bitOps).toBe(40_370_176 * 8 + (442_368 + 640) * 32 * 32);
  });
});

describe('quant-ea', async () => {
  const { space, study, text } = await runPreset(QUANT_EA);
  const [columns, ...rows] = text('reports.csv');
  const encodings = rows.map((row) => row[columns.indexOf('encoding')]);

  it('evaluates 832 candidates, none twice: no clones, no duplicates', () => {
    expect(study.evaluations).toBe(832);
    expect(new Set(encodings).size).toBe(832);
  });

  it('lets every gene change, the last one too, in children as in the random ones', () => {
    const children = encodings.slice(32).map((encoding) => encoding.split('-').map(Number));
    for (const [gene] of space.genes.entries()) {
      expect([...new Set(children.map((genome) => genome[gene]))].sort()).toEqual([0, 1, 2]);
    }
  });

  it('selects the right way round: later children are better than the random ones', () => {
    const first = study.points.slice(0, 32);
    expect(scaled(study.points.slice(-400), study.points)).toBeGreaterThan(1.1 * scaled(first, study.points));
  });

  it('writes the published columns', () => {
    expect(columns).toEqual(expect.arrayContaining(['encoding', 'flops', 'parameters', 'accuracy']));
    const [output, ...front] = text('output.csv');
    expect(output).toEqual(['encoding', 'flops', 'parameters', 'accuracy']);
    expect(front).toHaveLength(study.front.length);
    const { cost, loss } = study.front[0];
    expect(front[0].slice(1).map(Number)).toEqual([cost.flops, cost.weightedParameters, -loss]);
    expect(text('pareto_front.csv')[0]).toEqual(columns);
  });

  it('finds the same bytes again', async () => {
    const again = await runPreset(QUANT_EA);
    expect(again.text('reports.csv')).toEqual(text('reports.csv'));
  });
});

describe('prune-ea', async () => {
  const { space, study, text } = await runPreset(PRUNE_EA);
  const [columns, ...rows] = text('reports.csv');

  it('evaluates 1056 masks of 464 genes, none twice', () => {
    expect(study.evaluations).toBe(1056);
    expect(space.genes).toHaveLength(464);
    expect(new Set(rows.map((row) => row[columns.indexOf('encoding')])).size).toBe(1056);
  });

  it('costs fewer multiply-accumulates and parameters the more channels go', () => {
    const whole = costsOf('resnet20').estimate(space.decode(space.genes.map(() => 1)));
    expect(whole.flops).toBe(40_813_184);
    expect(whole.parameters).toBe(272_474);
    const [least] = [...study.points].sort((a, b) => a.measures!.flops - b.measures!.flops);
    expect(least.measures!.flops).toBeLessThan(0.3 * whole.flops!);
    expect(least.cost.parameters).toBe(least.measures!.weightedParameters);
  });

  it('never empties a layer', () => {
    for (const { genome } of study.points) {
      for (const kept of space.decode(genome).reduction.keptChannels.values()) expect(kept.length).toBeGreaterThan(0);
    }
  });

  it('runs on ResNet-32 and ResNet-56, which the published code crashed on', () => {
    for (const [name, genes] of [
      ['resnet32', 688],
      ['resnet56', 1136],
    ] as const) {
      const other = createSearchSpace(zooNetwork(name), PRUNE_EA.space(zooNetwork(name)));
      expect(other.genes).toHaveLength(genes);
      const costs = costsOf(name);
      for (const genome of PRUNE_EA.initial(other, 1).slice(0, 5)) {
        expect(costs.estimate(other.decode(genome)).macs).toBeGreaterThan(0);
      }
    }
  });

  it('refuses a network without residual additions', () => {
    expect(() => PRUNE_EA.space(zooNetwork('ds-cnn'))).toThrowError('no residual additions');
  });
});

describe('accuracy from elsewhere, such as a short training', () => {
  it('is asked for in batches, decides the front, stands in the reports, and is not asked twice on resuming', async () => {
    const asked: string[] = [];
    const files = memoryFiles();
    const options = (evaluations: number, aborted = false) => {
      const cancellation = { aborted };
      const network = zooNetwork('resnet20');
      const space = createSearchSpace(network, QUANT_EA.space(network));
      return {
        settings: { ...QUANT_EA.settings, evaluations, budgets: {}, seed: 4 },
        ...{ space, costModel: costsOf('resnet20'), measures: QUANT_EA.measures, initial: QUANT_EA.initial(space, 4) },
        proxy: { name: 'misled', loss: (point: SpacePoint) => -toyLoss(point) },
        accuracy: {
          kind: 'trained-2-epochs',
          async losses(points: readonly SpacePoint[]) {
            await Promise.resolve();
            for (const { genome } of points) asked.push(genome.join());
            return points.map((point) => toyLoss(point) / 100);
          },
          accuracyOf: (loss: number) => 1 - loss,
        },
        ...{
          files,
          folder: 'run',
          provenance: {},
          toCandidate: ({ genome }: StudyPoint) => ({ genome }),
          cancellation,
        },
        onProgress: () => void (cancellation.aborted ||= asked.length >= 100 && aborted),
        pause: async () => {},
      };
    };
    const whole = await runStudy<SpacePoint>(options(160));
    expect(asked).toHaveLength(160);
    expect(new Set(asked).size).toBe(160);
    const reports = files.contents.get('run/reports.csv')!;
    const [columns, first] = parseCsv(reports);
    expect(first[columns.indexOf('accuracyKind')]).toBe('trained-2-epochs');
    expect(Number(first[columns.indexOf('accuracy')])).toBeCloseTo(1 - whole.points[0].loss, 12);
    const [best] = [...whole.points].sort((a, b) => a.loss - b.loss);
    expect(whole.front.map(({ loss }) => loss)).toContain(best.loss);

    asked.length = 0;
    await expect(runStudy<SpacePoint>(options(160, true))).rejects.toMatchObject({ kind: 'interrupted' });
    const before = asked.length;
    expect(before).toBeLessThan(160);
    await runStudy<SpacePoint>({ ...options(160), resume: true });
    expect(asked).toHaveLength(160);
    expect(files.contents.get('run/reports.csv')).toBe(reports);
  });
});

describe('presets', () => {
  it('are found by name, with a guess for a mistyped one', () => {
    expect(findPreset('prune-ea')).toBe(PRUNE_EA);
    expect(() => findPreset('quantea')).toThrowError(
      expect.objectContaining({ remedy: expect.stringContaining('quant-ea?') }),
    );
  });
});
