import { beforeAll, describe, expect, it } from 'vitest';
import { createEntry } from '../../../src/lut/entry-key.ts';
import { ReferenceKernel } from '../../../src/measure/reference-kernel.ts';
import { workloadMacs } from '../../../src/network/workload.ts';
import { makeCandidate } from '../../../src/node/candidates.ts';
import { candidateDesign, DesignBuilder } from '../../../src/node/designs.ts';
import { nodeFiles } from '../../../src/node/files.ts';
import { createEngine } from '../../../src/node/index.ts';
import { spaceProxy } from '../../../src/node/space-proxy.ts';
import { deviceFacts } from '../../../src/node/tables.ts';
import { openWorkbench, type Workbench } from '../../../src/node/workbench.ts';
import { type Candidate, parseCandidate } from '../../../src/quant/candidate.ts';
import { createSearchSpace, type SearchSpace, type SpaceConfigInput } from '../../../src/space/index.ts';
import { PRUNE_EA } from '../../../src/study/index.ts';
import { verifyNetworks } from '../../../src/verify/verify.ts';
import { HASH, latencyAround, toyContent } from '../lut/toy-table.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench('resnet8', {
    calibration: { method: 'minmax', dataset: 'builtin', samples: 2, seed: 1 },
  });
});

/** Every multiply-accumulate takes a nanosecond. */
const table = {
  ...toyContent([], { scalar: 1 }),
  sha256: HASH,
};

async function nanosecondTable() {
  const device = await deviceFacts(nodeFiles, table);
  const estimateEntry: NonNullable<Parameters<DesignBuilder['price']>[1]['estimateEntry']> = (wanted) => {
    const us = Math.max(workloadMacs(wanted.workload) / 1000, 1e-6);
    const facts = { variant: 'toy', variantSha256: HASH, trust: 'interpolated' as const };
    return createEntry({ ...wanted, ...facts, latencyUs: latencyAround(us), scratchBytes: 0, packedBytes: 0 });
  };
  return { table, device, estimateEntry };
}

/** A workbench on whose clock a run takes as long as the layers that it executes have multiply-accumulates. */
function countingBench() {
  let nowNs = 0;
  const clock = { nowNs: () => nowNs };
  const bench = workbench.bench({ cancellation: { aborted: false }, onProgress: () => {} });
  const load: typeof bench.engine.load = (network, options) => {
    const session = bench.engine.load(network, options);
    const macs = session.steps.reduce((sum, { layer }) => sum + workloadMacs(layer.workload), 0);
    const execute = session.execute.bind(session);
    session.execute = () => {
      execute();
      nowNs += macs;
    };
    return session;
  };
  const reference = new ReferenceKernel((steps) => {
    nowNs += steps;
    return steps;
  }, clock);
  return {
    ...bench,
    engine: Object.assign(Object.create(bench.engine), { load }) as typeof bench.engine,
    ...{ clock, reference, interruptions: { contextSwitches: () => 0 } },
    pause: async (ms: number) => {
      nowNs += ms * 1e6;
    },
  };
}

/** A candidate as its file says, read again as `verify` and `evaluate` read it. */
async function writtenCandidate(space: SearchSpace, genome: number[]): Promise<Candidate> {
  const builder = new DesignBuilder(workbench);
  const design = space.decode(genome);
  const { cost } = builder.price(design, await nanosecondTable());
  const accuracy = { value: 0, kind: 'proxy:none' };
  const written = makeCandidate(workbench, builder, { space: space.name, genome, design, cost, accuracy });
  return parseCandidate(JSON.stringify(written), 'candidate.json');
}

const SPACES: [string, SpaceConfigInput, number][] = [
  ["PruneEA's masks in f32", { scheme: 'f32', masks: {}, pickAt: ['stage1.add'] }, 0.5],
  ['keep ratios and bits', { bits: { schemes: ['w4a4', 'w8a8'] }, keep: { ratios: [0.5, 1] } }, 0],
  [
    'keep ratios, windows, depth and bits by block',
    { bits: { schemes: ['w2a4'], per: 'block' }, keep: {}, windows: { sizes: [1, 3] }, drop: { blocks: [0, 1] } },
    0,
  ],
];

describe.each(SPACES)('a candidate of %s', (_, config, share) => {
  const smaller = async () => {
    const space = createSearchSpace(workbench.opened.network, config);
    const genome = space.genes.map(({ kind }, gene) =>
      kind === 'drop' || (kind === 'channel' && gene % 5 >= 5 * share) ? 1 : 0,
    );
    return { space, genome, candidate: await writtenCandidate(space, genome) };
  };

  it('runs with fewer channels, in less memory, from its file alone', async () => {
    const { candidate } = await smaller();
    const engine = await createEngine();
    const session = engine.load(workbench.opened.network, candidate);
    const channels = new Map(session.steps.map(({ layer }) => [layer.name, layer.workload.outChannels]));
    for (const { name, outChannels } of candidate.layers)
      expect([name, channels.get(name)]).toEqual([name, outChannels]);
    expect(candidate.layers.some(({ keptChannels }) => keptChannels)).toBe(true);
    const { scheme } = candidate.layers[1];
    const whole = engine.load(workbench.opened.network, { scheme });
    expect(session.ramBytes).toBeLessThan(whole.ramBytes);
    expect([...session.run(workbench.images[0])].every(Number.isFinite)).toBe(true);
  });

  it('is timed as what it is: verify measures the time of the work that is left', async () => {
    const { space, genome, candidate } = await smaller();
    const device = await nanosecondTable();
    const builder = new DesignBuilder(workbench);
    const full = space.decode(space.genes.map(({ kind, choices }) => (kind === 'drop' ? 0 : choices.length - 1)));
    const networks = [candidateDesign(workbench.opened.network, candidate), full].map((design) => {
      const { cost, schemes } = builder.price(design, device);
      return { schemes, latencyMs: cost.latencyMs, quantized: builder.quantize(design), macs: cost.macs };
    });
    const report = await verifyNetworks(countingBench(), networks, { seed: 1, timing: { rounds: 2 } });
    const [slim, whole] = report.networks;
    expect(slim.measuredMs).toBeCloseTo(networks[0].macs / 1e6, 9);
    expect(whole.measuredMs).toBeCloseTo(networks[1].macs / 1e6, 9);
    expect(slim.measuredMs).toBeLessThan(0.7 * whole.measuredMs);
    expect(report.medianRelativeError).toBeLessThan(1e-4);
    expect(candidate.predicted.macs).toBe(networks[0].macs);
    expect(candidate.genome).toEqual(genome);
  });
});

describe('the noise proxy of a joint space', () => {
  it('has a loss for every design, without a scheme in f32, and more of it for fewer channels and bits', async () => {
    const space = createSearchSpace(workbench.opened.network, {
      bits: { schemes: ['w2a4', 'w8a8'], per: 'network' },
      keep: { ratios: [0.5, 1] },
      drop: { blocks: [0, 1] },
    });
    const surroundings = { onProgress: () => {}, cancellation: { aborted: false }, pause: async () => {} };
    const images = workbench.images.slice(0, 1);
    const proxy = await spaceProxy({ ...workbench, images }, space, surroundings);
    const whole: number[] = space.genes.map(({ kind }) => (kind === 'drop' ? 0 : 1));
    const least = proxy.loss(space.decode(whole));
    expect(least).toBeGreaterThan(0);
    for (const gene of space.genes.keys()) {
      expect(proxy.loss(space.decode(whole.with(gene, 1 - whole[gene])))).toBeGreaterThan(least);
    }
  });
});

describe('prune-ea', () => {
  it('is the first of these spaces on resnet8', () => {
    expect(PRUNE_EA.space(workbench.opened.network)).toEqual({ name: 'prune-ea', ...SPACES[0][1] });
  });
});
