/**
 * Times our kernels beside those of tfjs-backend-wasm and onnxruntime-web, on one thread, in one interleaved run:
 * `npm run bench:peers -- [--layers TEXT] [--networks a,b] [--quick] [--out FILE] [--markdown FILE] [--update]`.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { supportsIsa } from '../../src/kernels/capabilities.ts';
import { createEngine } from '../../src/node/network-engine.ts';
import type { Scheme } from '../../src/quant/scheme.ts';
import { updateResults } from '../results-file.ts';
import type { InterleaveOptions } from './interleave.ts';
import { benchLayer, type LayerResult } from './layer-results.ts';
import { BENCH_LAYERS } from './layers.ts';
import { limitRunners } from './limits.ts';
import { BENCH_NETWORKS, benchNetwork, type NetworkResult } from './networks.ts';
import { startOrt } from './ort.ts';
import { renderReport } from './report.ts';
import { startTfjs } from './tfjs.ts';

const { values: flags } = parseArgs({
  options: {
    layers: { type: 'string' },
    networks: { type: 'string' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
    markdown: { type: 'string' },
    update: { type: 'boolean', default: false },
  },
});

const LAYER_SCHEMES: Scheme[] = ['f32', 'w8a8', 'w8a7', 'w4a8', 'w4a4', 'w2a4', 'w2a2', 'w1a4', 'w1a2', 'w1a1'];
const relaxed: Scheme[] = supportsIsa('relaxed') ? ['w8a7'] : [];
const NETWORK_SCHEMES: Scheme[] = ['f32', 'w8a8', ...relaxed, 'w4a4', 'w2a2', 'w1a2'];
const options: InterleaveOptions = flags.quick
  ? { rounds: 7, sampleMs: 1, warmUpMs: 40, steadyBatches: 4 }
  : { rounds: 25, sampleMs: 2, warmUpMs: 100, steadyBatches: 12 };
const networkOptions = { ...options, sampleMs: flags.quick ? 4 : 12 };

/** Whether names of layers and networks were asked for; where only one kind was, the other is left out. */
const wanted = (names: readonly string[], text: string | undefined, other: string | undefined, fits: Fits) =>
  names.filter((name) => (text === undefined ? other === undefined : fits(name, text)));
type Fits = (name: string, text: string) => boolean;
const layerNames = wanted(
  BENCH_LAYERS.map(({ name }) => name),
  flags.layers,
  flags.networks,
  (name, text) => name.includes(text),
);
const networkNames = wanted(BENCH_NETWORKS, flags.networks, flags.layers, (name, text) =>
  text.split(',').includes(name),
);

// peers are compiled before our engine sets the compiler's flags, as they would be for their users, and warmed up in calls
await startTfjs();
await startOrt();
const { engine } = await createEngine();
const limits = await limitRunners();
const layers: LayerResult[] = [];
for (const layer of BENCH_LAYERS.filter(({ name }) => layerNames.includes(name))) {
  process.stderr.write(`${layer.name}\n`);
  layers.push(await benchLayer(engine, layer, LAYER_SCHEMES, limits, options));
}
const networks: NetworkResult[] = [];
for (const name of networkNames) {
  process.stderr.write(`${name}\n`);
  networks.push(await benchNetwork(name, NETWORK_SCHEMES, networkOptions));
}
const report = renderReport(process.versions.node, layers, networks);
process.stdout.write(report);
const written = { node: process.version, engine: process.versions.v8, options, networkOptions, layers, networks };
if (flags.out) writeFileSync(flags.out, `${JSON.stringify(written)}\n`);
if (flags.markdown) writeFileSync(flags.markdown, report);
if (flags.update) updateResults(`peers:node${process.versions.node.split('.')[0]}`, report);
if (!flags.out && !flags.markdown && !flags.update) {
  process.stderr.write(
    'Keep this with --update (bench/RESULTS.md), --markdown FILE, or every sample with --out FILE.\n',
  );
}
process.exit(0); // peers keep the event loop alive
