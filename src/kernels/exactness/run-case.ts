import type { LayerArithmetic } from '../../quant/arithmetic.ts';
import { runReference } from '../../quant/reference/run.ts';
import { PARAMETER_BYTES } from '../parameters.ts';
import { divideLayer, type LayerPart, partOfLayer, scratchOffsets } from '../parts.ts';
import { type KernelMemory, prepareLayer, threadsOf } from '../prepare.ts';
import type { KernelVariant, LoadedKernels } from '../types.ts';
import type { ExactnessCase } from './layers.ts';

/** Guard bytes on either side of every buffer. */
const GUARD_BYTES = 64;
const PAGE_BYTES = 65536;

type BufferName = 'input' | 'residual' | 'output' | 'weights' | 'constants' | 'scratch';

/** The tensors that take turns at the end of the memory. */
export const PLACEMENTS = ['input', 'output', 'residual'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** What a case is checked with, the same for all placements. */
interface Packed {
  expected: Uint8Array;
  /** The layer, divided between the threads of the kernels. */
  parts: readonly LayerPart[];
  /** Packed weights that all parts share, or those of each part. */
  weights: readonly Uint8Array[];
  tolerance: number;
}

/** Address and size of each buffer, and the one that ends where the memory ends. */
interface Layout {
  address: Record<BufferName, number>;
  size: Record<BufferName, number>;
  /** First byte after the buffers that lie side by side. */
  end: number;
  atMemoryEnd: BufferName;
}

/**
 * Runs a case on the kernel, once for each of `placements`, and compares it with the reference, bit for bit unless the
 * variant states an error bound. Where the kernels have several threads, all of them take part. Input, residual and output
 * take turns at the very end of the memory, where one byte too far traps; all memory around is filled with a pattern, as are
 * scratch and output, and nothing but these two may change.
 *
 * @returns what is wrong, or undefined.
 */
export function runCase(
  kernels: LoadedKernels,
  variant: KernelVariant,
  testCase: ExactnessCase,
  placements: readonly Placement[] = PLACEMENTS,
): string | undefined {
  const { layer, input, residual } = testCase;
  const { workload } = layer;
  const expected = bytesOf(runReference(layer, input, residual));
  const tolerance = variant.errorBound === undefined ? 0 : variant.errorBound * greatestOutput(testCase);
  const parts = divideLayer(variant, workload, threadsOf(kernels));
  const weights = (parts[0].channels ? parts : [parts[0]]).map((part) => variant.packWeights(partOfLayer(layer, part)));
  if (parts.length === 1 && weights[0].length !== variant.packedBytes(workload))
    return 'packedBytes is not the size of what packWeights returns';
  if (variant.packConstants(layer).length !== variant.constantsBytes(workload))
    return 'constantsBytes is not the size of packConstants';
  for (const atMemoryEnd of placements) {
    if (atMemoryEnd === 'residual' && !residual) continue;
    const reason = runPlaced(kernels, variant, testCase, { expected, parts, weights, tolerance }, atMemoryEnd);
    if (reason) return `${testCase.name}, ${atMemoryEnd} last in memory: ${reason}`;
  }
  return undefined;
}

function runPlaced(
  kernels: LoadedKernels,
  variant: KernelVariant,
  { layer, input, residual }: ExactnessCase,
  { expected, parts, weights, tolerance }: Packed,
  atMemoryEnd: Placement,
): string | undefined {
  const layout = place(kernels, atMemoryEnd, {
    input: input.byteLength,
    residual: residual?.byteLength ?? 0,
    output: expected.length,
    weights: totalBytes(weights.map(({ length }) => length)),
    constants: totalBytes(parts.flatMap(({ workload }) => [variant.constantsBytes(workload), PARAMETER_BYTES])),
    scratch: scratchOffsets(variant, parts).at(-1)!,
  });
  const { address } = layout;
  const memory = new Uint8Array(kernels.memory.buffer);
  fillPattern(memory, layout, kernels.heapBase, atMemoryEnd);
  memory.set(bytesOf(input), address.input);
  if (residual) memory.set(bytesOf(residual), address.residual);
  const prepared = prepareLayer(placedMemory(kernels, memory, weights, address), layer, variant, parts, address);
  const before = memory.slice(kernels.heapBase, layout.end);
  const beforeLast = memory.slice(memory.length - layout.size[atMemoryEnd] - GUARD_BYTES);
  try {
    prepared.call(prepared.parameters);
  } catch (error) {
    return `it traps: ${(error as Error).message}`;
  }
  return (
    difference(memory.subarray(address.output, address.output + expected.length), expected, layer, tolerance) ??
    changed(memory, before, kernels.heapBase, layout) ??
    changed(memory, beforeLast, memory.length - beforeLast.length, layout)
  );
}

/** Size of several things one after the other, each at a multiple of 16. */
function totalBytes(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + aligned(size), 0);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** Hands out what lies at the addresses of weights and constants, in order. */
function placedMemory(
  kernels: LoadedKernels,
  memory: Uint8Array,
  weights: readonly Uint8Array[],
  address: Record<BufferName, number>,
): KernelMemory {
  let nextConstants = address.constants;
  let nextWeights = address.weights;
  const addresses = weights.map((bytes) => {
    const start = nextWeights;
    memory.set(bytes, start);
    nextWeights += aligned(bytes.length);
    return start;
  });
  let part = 0;
  return {
    kernels,
    allocate(bytes) {
      const start = nextConstants;
      nextConstants += aligned(bytes);
      return start;
    },
    weights: () => addresses[Math.min(part++, addresses.length - 1)],
  };
}

/** Puts the buffers side by side with guards between them; tensors at odd addresses, the rest at multiples of 16. */
function place(kernels: LoadedKernels, atMemoryEnd: BufferName, size: Record<BufferName, number>): Layout {
  let end = kernels.heapBase + GUARD_BYTES;
  const address = {} as Record<BufferName, number>;
  for (const name of ['constants', 'weights', 'scratch', 'input', 'residual', 'output'] as const) {
    const start = aligned(end);
    address[name] = name === 'input' ? start + 1 : name === 'residual' || name === 'output' ? start + 3 : start;
    end = address[name] + size[name] + GUARD_BYTES;
  }
  const missing = end + size[atMemoryEnd] + 2 * GUARD_BYTES - kernels.memory.buffer.byteLength;
  if (missing > 0) kernels.memory.grow(Math.ceil(missing / PAGE_BYTES));
  address[atMemoryEnd] = kernels.memory.buffer.byteLength - size[atMemoryEnd];
  return { address, size, end, atMemoryEnd };
}

/** Three patterns, one of them NaN when read as f32, so that a byte read outside shows in one run or another. */
function fillPattern(memory: Uint8Array, layout: Layout, from: number, atMemoryEnd: BufferName): void {
  const last = memory.length - layout.size[atMemoryEnd] - GUARD_BYTES;
  for (const [start, end] of [
    [from, layout.end],
    [last, memory.length],
  ]) {
    if (atMemoryEnd === 'input') memory.fill(0xff, start, end);
    else if (atMemoryEnd === 'residual') memory.fill(0x80, start, end);
    else for (let i = start; i < end; i++) memory[i] = (i * 167 + 13) & 0xff;
  }
}

/** The first byte outside scratch and output that is not what it was. */
function changed(memory: Uint8Array, before: Uint8Array, start: number, layout: Layout): string | undefined {
  const inside = (at: number, buffer: BufferName) =>
    at >= layout.address[buffer] && at < layout.address[buffer] + layout.size[buffer];
  for (let i = 0; i < before.length; i++) {
    if (memory[start + i] === before[i]) continue;
    const at = start + i;
    if (!inside(at, 'scratch') && !inside(at, 'output')) return `it writes outside its buffers, ${whereIs(at, layout)}`;
  }
  return undefined;
}

function whereIs(at: number, layout: Layout): string {
  const distances = (Object.keys(layout.address) as BufferName[]).map((buffer) => ({
    buffer,
    distance: at - layout.address[buffer],
  }));
  distances.sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance));
  const { buffer, distance } = distances[0];
  return `byte ${distance} of ${buffer}, which has ${layout.size[buffer]}`;
}

/**
 * The first element that differs by more than `tolerance` (of the real output, before it is scaled to u8); where there is a
 * tolerance, a u8 output may also be rounded the other way.
 */
function difference(
  actual: Uint8Array,
  expected: Uint8Array,
  layer: LayerArithmetic,
  tolerance: number,
): string | undefined {
  const first = expected.findIndex((byte, i) => byte !== actual[i]);
  if (first < 0) return undefined;
  const { type } = layer.output;
  const width = type === 'f32' ? 4 : 1;
  const count = expected.length / width;
  const allowed = type === 'f32' || tolerance === 0 ? tolerance : 1 + tolerance * (layer.outputMultiplier ?? 0);
  const read = (bytes: Uint8Array, element: number) =>
    type === 'u8' ? bytes[element] : new DataView(bytes.slice(element * 4, element * 4 + 4).buffer).getFloat32(0, true);
  for (let element = Math.floor(first / width); element < count; element++) {
    if (tolerance > 0 && Math.abs(read(actual, element) - read(expected, element)) <= allowed) continue;
    return `element ${element} of ${count} is ${read(actual, element)}, the reference says ${read(expected, element)}`;
  }
  return undefined;
}

/** The greatest magnitude of an f32 layer's outputs before the activation: what error bounds are relative to. */
function greatestOutput({ layer, input, residual }: ExactnessCase): number {
  const open = { clampLow: Number.NEGATIVE_INFINITY, clampHigh: Number.POSITIVE_INFINITY };
  const real: LayerArithmetic = { ...layer, ...open, output: { type: 'f32' } };
  const outputs = runReference(real, input, residual) as Float32Array;
  return outputs.reduce((greatest, v) => Math.max(greatest, Math.abs(v)), 0);
}

function bytesOf(tensor: Uint8Array | Float32Array): Uint8Array {
  return new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength);
}
