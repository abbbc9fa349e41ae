import type { Isa } from './types.ts';

/**
 * The smallest modules that use one instruction of each set: an engine without it refuses them. From the proposal's
 * instruction codes: `i8x16.splat, i8x16.popcnt` and `i8x16.relaxed_swizzle`.
 */
const PROBES: Record<Isa, readonly number[]> = {
  simd: [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
  relaxed: [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
    253, 128, 2, 11,
  ],
};

/** Every instruction set that kernels are built for. */
export const ISAS = Object.keys(PROBES) as readonly Isa[];

/** Whether this engine accepts modules of an instruction set at all; whether it computes rightly is the self-test's matter. */
export function supportsIsa(isa: Isa): boolean {
  return WebAssembly.validate(Uint8Array.from(PROBES[isa]));
}

/** The instruction sets that this engine accepts. */
export function supportedIsas(): Isa[] {
  return ISAS.filter(supportsIsa);
}
