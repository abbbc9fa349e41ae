/**
 * Times every convolution variant on ResNet-20's layers, interleaved so that drift hits all alike, and prints medians:
 * `npx tsx bench/kernels.ts [rounds]`. Built kernels are needed: `npm run build:kernels`.
 */
import { Random } from '../src/core/random.ts';
import { makeCase } from '../src/kernels/exactness/layers.ts';
import { loadKernels } from '../src/kernels/load.ts';
import { PARAMETER_BYTES } from '../src/kernels/parameters.ts';
import { KERNEL_VARIANTS } from '../src/kernels/registry.ts';
import type { KernelVariant, LoadedKernels } from '../src/kernels/types.ts';
import { outputSize, type Workload, workloadMacs } from '../src/network/workload.ts';
import { loadKernelModules } from '../src/node/kernel-files.ts';

const rounds = Number(process.argv[2] ?? 40);
/** One sample repeats a kernel until it lasts about this long: far above the clock's step. */
const SAMPLE_MS = 0.4;

type Row = [name: string, size: number, inChannels: number, outChannels: number, kernel: number, stride: number];

const LAYERS: Row[] = [
  ['3x3 3->16 @32', 32, 3, 16, 3, 1],
  ['3x3 16->16 @32', 32, 16, 16, 3, 1],
  ['3x3 16->32 @32 /2', 32, 16, 32, 3, 2],
  ['1x1 16->32 @32 /2', 32, 16, 32, 1, 2],
  ['3x3 32->32 @16', 16, 32, 32, 3, 1],
  ['3x3 32->64 @16 /2', 16, 32, 64, 3, 2],
  ['1x1 32->64 @16 /2', 16, 32, 64, 1, 2],
  ['3x3 64->64 @8', 8, 64, 64, 3, 1],
  ['1x1 64->128 @16', 16, 64, 128, 1, 1],
];

function workloadOf([, size, inChannels, outChannels, kernel, stride]: Row, input: 'u8' | 'f32'): Workload {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  const before = stride === 1 ? Math.floor(total / 2) : Math.min(Math.floor(kernel / 2), total);
  return {
    op: 'conv2d',
    batch: 1,
    height: size,
    width: size,
    inChannels,
    outChannels,
    kernel: [kernel, kernel],
    stride: [stride, stride],
    padding: [before, total - before, total - before, before],
    dilation: [1, 1],
    groups: 1,
    activation: 'relu',
    residual: false,
    input,
    output: input,
  };
}

interface Runner {
  id: string;
  run: () => void;
  repeats: number;
  samplesMs: number[];
}

/** Lays the variant's buffers out from `address` on and returns where the next may begin. */
function prepare(kernels: LoadedKernels, variant: KernelVariant, row: Row, address: number): [Runner, number] {
  const workload = workloadOf(row, variant.scheme === 'f32' ? 'f32' : 'u8');
  const { layer, input } = makeCase(workload, variant.scheme, { residual: 'none' }, new Random(1));
  const [outHeight, outWidth] = outputSize(workload);
  const weights = variant.packWeights(layer);
  const constants = variant.packConstants(layer);
  let next = address;
  const take = (bytes: number) => {
    const at = next;
    next = Math.ceil((next + bytes + 64) / 64) * 64;
    return at;
  };
  const addresses = {
    input: take(input.byteLength),
    residual: 0,
    output: take(outHeight * outWidth * workload.outChannels * 4),
    weights: take(weights.length),
    constants: take(constants.length),
    scratch: take(variant.scratchBytes(workload)),
  };
  const parameters = take(PARAMETER_BYTES);
  const memory = new Uint8Array(kernels.memory.buffer);
  memory.set(new Uint8Array(input.buffer), addresses.input);
  memory.set(weights, addresses.weights);
  memory.set(constants, addresses.constants);
  variant.writeParameters(new DataView(kernels.memory.buffer), parameters, layer, addresses);
  const kernel = kernels.call(variant.id);
  return [{ id: variant.id, run: () => kernel(parameters), repeats: 1, samplesMs: [] }, next];
}

function sample(runner: Runner): number {
  const start = performance.now();
  for (let i = 0; i < runner.repeats; i++) runner.run();
  return (performance.now() - start) / runner.repeats;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

const kernels = loadKernels(await loadKernelModules(), { initialPages: 512 });
const variants = KERNEL_VARIANTS.filter(({ op }) => op === 'conv2d');
for (const row of LAYERS) {
  let address = kernels.heapBase;
  const runners = variants.map((variant) => {
    const [runner, next] = prepare(kernels, variant, row, address);
    address = next;
    return runner;
  });
  for (const runner of runners) {
    for (let i = 0; i < 20; i++) runner.run();
    runner.repeats = Math.max(Math.round(SAMPLE_MS / sample(runner)), 1);
  }
  for (let round = 0; round < rounds; round++) {
    for (const runner of runners) runner.samplesMs.push(sample(runner));
  }
  const operations = 2 * workloadMacs(workloadOf(row, 'u8'));
  process.stdout.write(`${row[0]}\n`);
  const first = median(runners[0].samplesMs);
  for (const { id, samplesMs } of runners) {
    const ms = median(samplesMs);
    const columns = [ms.toFixed(4), (operations / ms / 1e6).toFixed(1), (first / ms).toFixed(2)];
    process.stdout.write(`  ${id.padEnd(34)} ${columns[0]} ms  ${columns[1]} Gop/s  ${columns[2]} x f32\n`);
  }
}
