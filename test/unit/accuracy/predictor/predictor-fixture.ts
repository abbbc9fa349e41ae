import { readFileSync } from 'node:fs';
import type { PredictorGene } from '../../../../src/accuracy/predictor/encoding.ts';
import { DEFAULT_ENSEMBLE } from '../../../../src/accuracy/predictor/ensemble.ts';
import { WasmArithmetic } from '../../../../src/accuracy/predictor/wasm-arithmetic.ts';
import { Random } from '../../../../src/core/random.ts';

const module = new WebAssembly.Module(
  readFileSync(new URL('../../../../dist/kernels/predictor.wasm', import.meta.url)),
);

export const wasm = (bytes: number) => new WasmArithmetic(module, bytes);

export const quiet = { onProgress: () => {}, cancellation: { aborted: false }, pause: async () => {} };

export const small = { ...DEFAULT_ENSEMBLE, hidden: [32, 32], members: 3, epochs: 80 };

const SCHEMES = ['w2a2', 'w4a4', 'w8a8'];
const NOISE = [1, 0.2, 0.01];

/** Two genes of channels and six of bits, with priors that are right but for factors. */
export const genes: PredictorGene[] = [
  ...[0, 1].map((k) => ({ kind: 'keep', name: `keep/${k}`, choices: [0.5, 0.75, 1], prior: [0.8, 0.3, 0] })),
  ...[0, 1, 2, 3, 4, 5].map((k) => ({ kind: 'scheme', name: `scheme/${k}`, choices: SCHEMES, prior: NOISE })),
];

/** A loss that saturates, and in which genes matter differently. */
export function lossOf(genome: readonly number[]): number {
  const sum = genome.reduce((total, value, g) => total + genes[g].prior![value] * (1 + ((g * 5) % 7) / 4), 0);
  return (0.9 * sum) / (1 + sum);
}

export function genomesAtRandom(count: number, seed: number): number[][] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => genes.map(() => random.below(3)));
}
