import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryAllocator } from '../../src/engine/allocator.ts';
import { supportsIsa } from '../../src/kernels/capabilities.ts';
import { casesFor } from '../../src/kernels/exactness/cases.ts';
import type { ExactnessCase } from '../../src/kernels/exactness/layers.ts';
import { tensorSizes } from '../../src/kernels/exactness/shapes.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { divideLayer, type LayerPart, partOfLayer, scratchOffsets } from '../../src/kernels/parts.ts';
import { prepareLayer } from '../../src/kernels/prepare.ts';
import { KERNEL_VARIANTS, variantById } from '../../src/kernels/registry.ts';
import type { KernelVariant, LoadedKernels, Team } from '../../src/kernels/types.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';
import { openKernels } from '../../src/node/kernel-threads.ts';

let kernels: LoadedKernels;
let threaded: LoadedKernels;
beforeAll(async () => {
  kernels = loadKernels(await loadKernelModules());
  threaded = await openKernels(2);
});
afterAll(() => threaded.team!.dispose());

/** Runs the parts one after the other, the last one first: what one leaves must not matter to another. */
const oneByOne: Team = {
  threads: 3,
  run: (kernel, _, parameters) => [...parameters].reverse().forEach(kernel),
  wake: () => {},
  dispose: async () => {},
};

const GUARD_BYTES = 64;

describe.each(KERNEL_VARIANTS.map(({ id, isa }) => [id, isa] as const))('%s (%s)', (id, isa) => {
  it.skipIf(!supportsIsa(isa))('gives the same bits on two threads, and in three parts, as on one', () => {
    const variant = variantById(id)!;
    const cases = casesFor(variant, 'brief'); // what parts add to a kernel is the same in all cases
    let divided = 0;
    for (const testCase of cases) {
      const { workload } = testCase.layer;
      const expected = outputOf(kernels, variant, testCase, divideLayer(variant, workload, 1));
      for (const [host, most] of [
        [threaded, 2],
        [{ ...kernels, team: oneByOne }, 3],
      ] as const) {
        const parts = divideLayer(variant, workload, most);
        if (parts.length === 1) continue;
        divided++;
        expect(weightsAreShared(variant, testCase, parts), `${testCase.name}: other weights`).toBe(true);
        const actual = outputOf(host, variant, testCase, parts);
        expect(Buffer.compare(actual, expected), `${testCase.name}, ${parts.length} parts`).toBe(0);
      }
    }
    if (!/globalaverage|softmax/.test(id)) expect(divided).toBeGreaterThan(2);
  });
});

function weightsAreShared(variant: KernelVariant, { layer }: ExactnessCase, parts: readonly LayerPart[]): boolean {
  if (!layer.weights || parts[0].channels) return true;
  const packed = variant.packWeights(layer);
  return parts.every((part) => Buffer.compare(packed, variant.packWeights(partOfLayer(layer, part))) === 0);
}

function outputOf(
  kernels: LoadedKernels,
  variant: KernelVariant,
  { layer, input, residual }: ExactnessCase,
  parts: readonly LayerPart[],
): Uint8Array {
  const allocator = new MemoryAllocator(kernels.memory, kernels.heapBase);
  const allocate = (bytes: number) => allocator.allocate(bytes);
  const place = (bytes: Uint8Array) => {
    const address = allocate(bytes.length);
    new Uint8Array(kernels.memory.buffer, address, bytes.length).set(bytes);
    return address;
  };
  const size = tensorSizes(layer.workload).output * (layer.output.type === 'f32' ? 4 : 1);
  const output = allocate(size + 2 * GUARD_BYTES) + GUARD_BYTES;
  const memory = {
    kernels,
    allocate,
    weights: (part: typeof layer) => place(variant.packWeights(part)),
  };
  const { call, parameters } = prepareLayer(memory, layer, variant, parts, {
    input: place(bytesOf(input)),
    residual: residual ? place(bytesOf(residual)) : 0,
    output,
    scratch: allocate(scratchOffsets(variant, parts).at(-1)!),
  });
  const bytes = new Uint8Array(kernels.memory.buffer, output - GUARD_BYTES, size + 2 * GUARD_BYTES);
  bytes.fill(0xa5);
  call(parameters);
  return bytes.slice(); // the guards too
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
