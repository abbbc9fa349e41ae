import { beforeAll, describe, expect, it } from 'vitest';
import { MemoryAllocator } from '../../src/engine/allocator.ts';
import { prepareLayer } from '../../src/engine/prepare.ts';
import { supportsIsa } from '../../src/kernels/capabilities.ts';
import { casesFor } from '../../src/kernels/exactness/cases.ts';
import type { ExactnessCase } from '../../src/kernels/exactness/layers.ts';
import { tensorSizes } from '../../src/kernels/exactness/shapes.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { divideLayer, type LayerPart, partOfLayer, scratchOffsets } from '../../src/kernels/parts.ts';
import { KERNEL_VARIANTS, variantById } from '../../src/kernels/registry.ts';
import type { KernelVariant, LoadedKernels, Team } from '../../src/kernels/types.ts';
import { loadKernelModules } from '../../src/node/kernel-files.ts';

let kernels: LoadedKernels;
beforeAll(async () => {
  kernels = loadKernels(await loadKernelModules());
});

/** Runs the parts one after the other, the last one first: what one leaves must not matter to another. */
const oneByOne: Team = {
  threads: 3,
  run: (kernel, _, parameters) => [...parameters].reverse().forEach(kernel),
  wake: () => {},
  dispose: async () => {},
};

/** Every third case: what parts add to a kernel is the same in all of them. */
const EVERY = 3;
const GUARD_BYTES = 64;

describe.each(KERNEL_VARIANTS.map(({ id, isa }) => [id, isa] as const))('%s (%s)', (id, isa) => {
  it.skipIf(!supportsIsa(isa))('gives the same bits in two and three parts as in one', () => {
    const variant = variantById(id)!;
    const cases = casesFor(variant).filter((_, i) => i % EVERY === 0);
    let divided = 0;
    for (const testCase of cases) {
      const whole = divideLayer(variant, testCase.layer.workload, 1);
      const expected = outputOf(variant, testCase, whole);
      for (const most of [2, 3]) {
        const parts = divideLayer(variant, testCase.layer.workload, most);
        if (parts.length === 1) continue;
        divided++;
        expect(weightsAreShared(variant, testCase, parts), `${testCase.name}: other weights`).toBe(true);
        const actual = outputOf(variant, testCase, parts);
        expect(Buffer.compare(actual, expected), `${testCase.name}, ${parts.length} parts`).toBe(0);
      }
    }
    if (!/pool_1x4|globalaverage|softmax/.test(id)) expect(divided).toBeGreaterThan(cases.length / 4);
  });
});

function weightsAreShared(variant: KernelVariant, { layer }: ExactnessCase, parts: readonly LayerPart[]): boolean {
  if (!layer.weights || parts[0].channels) return true;
  const packed = variant.packWeights(layer);
  return parts.every((part) => Buffer.compare(packed, variant.packWeights(partOfLayer(layer, part))) === 0);
}

function outputOf(variant: KernelVariant, { layer, input, residual }: ExactnessCase, parts: readonly LayerPart[]) {
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
    kernels: { ...kernels, team: oneByOne },
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
