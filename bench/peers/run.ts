/**
 * Times our kernels beside those of tfjs-backend-wasm and onnxruntime-web, on one thread, in one interleaved run:
 * `npm run bench:peers -- [--layers TEXT] [--networks a,b] [--quick] [--out FILE] [--update]`.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { supportsIsa } from '../../src/kernels/capabilities.ts';
import { workloadMacs } from '../../src/network/workload.ts';
import { createEngine } from '../../src/node/network-engine.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import type { Timed } from './contestants.ts';
import { type InterleaveOptions, interleave } from './interleave.ts';
import { BENCH_LAYERS, type BenchLayer } from './layers.ts';
import { type Limits, measureLimits } from './limits.ts';
import { BENCH_NETWORKS, benchNetwork, type NetworkResult } from './networks.ts';
import { ortInt8Layer, ortLayer, startOrt } from './ort.ts';
import { type OurRunner, ourRunners } from './ours.ts';
import { renderReport, updateResults } from './report.ts';
import { startTfjs, tfjsLayer } from './tfjs.ts';

const { values: flags } = parseArgs({
  options: {
    layers: { type: 'string', default: '' },
    networks: { type: 'string', default: BENCH_NETWORKS.join(',') },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
    update: { type: 'boolean', default: false },
  },
});

const relaxed = supportsIsa('relaxed');
const LAYER_SCHEMES: Scheme[] = ['f32', 'w8a8', 'w8a7', 'w4a8', 'w4a4', 'w2a4', 'w2a2', 'w1a4', 'w1a2', 'w1a1'];
const NETWORK_SCHEMES: Scheme[] = ['f32', 'w8a8', ...(relaxed ? (['w8a7'] as const) : []), 'w4a4', 'w2a2', 'w1a2'];
const options: InterleaveOptions = flags.quick
  ? { rounds: 7, sampleMs: 1, warmUpMs: 20 }
  : { rounds: 31, sampleMs: 3, warmUpMs: 150 };

/** One layer: ours by scheme, and the peers. */
export interface LayerResult {
  layer: BenchLayer;
  operations: number;
  ours: { scheme: Scheme; variant: string; timed: Timed }[];
  tfjs: Timed;
  ort: Timed;
  ortInt8: Timed;
}

async function benchLayer(layer: BenchLayer): Promise<LayerResult> {
  const { engine } = await createEngine();
  const ours = await ourRunners(engine, layer.workload, LAYER_SCHEMES);
  const distinct = [...new Map(ours.map((runner) => [runner.variant.id, runner])).values()];
  const peers = [tfjsLayer(layer.workload), await ortLayer(layer.workload), await ortInt8Layer(layer.workload)];
  const timed = await interleave([...distinct, ...peers], options);
  for (const runner of [...distinct, ...peers]) runner.dispose?.();
  const timedOf = ({ variant }: OurRunner) => timed[distinct.findIndex((runner) => runner.variant.id === variant.id)];
  return {
    layer,
    operations: 2 * workloadMacs(layer.workload),
    ours: ours.map((runner) => ({ scheme: runner.scheme, variant: runner.variant.id, timed: timedOf(runner) })),
    tfjs: timed[distinct.length],
    ort: timed[distinct.length + 1],
    ortInt8: timed[distinct.length + 2],
  };
}

// peers are compiled before our engine sets the compiler's flags, as they would be for their users, and warmed up in calls
await startTfjs();
await startOrt();
await createEngine();
const limits: Limits = await measureLimits();
const layers: LayerResult[] = [];
for (const layer of BENCH_LAYERS.filter(({ name }) => name.includes(flags.layers))) {
  process.stderr.write(`${layer.name}\n`);
  layers.push(await benchLayer(layer));
}
const networks: NetworkResult[] = [];
for (const name of flags.networks.split(',').filter(Boolean)) {
  process.stderr.write(`${name}\n`);
  networks.push(await benchNetwork(name, NETWORK_SCHEMES, { ...options, sampleMs: flags.quick ? 5 : 20 }));
}
const report = renderReport(process.versions.node, limits, layers, networks);
process.stdout.write(report);
if (flags.out)
  writeFileSync(flags.out, `${JSON.stringify({ node: process.version, limits, layers, networks }, null, 2)}\n`);
if (flags.update) updateResults(report);
process.exit(0); // peers keep the event loop alive
