import { Random } from '../../../../src/core/random.ts';
import { createEntry } from '../../../../src/lut/entry-key.ts';
import type { Lut, LutEntry } from '../../../../src/lut/schema.ts';
import { completeLut } from '../../../../src/lut/serialize.ts';
import { summarizeSamples } from '../../../../src/measure/statistics.ts';
import { CONVOLUTION, HASH, toyContent } from '../toy-table.ts';

/** What one made-up session is like. */
export interface SessionSettings {
  seed: number;
  /** All times of the session are this many times longer. */
  drift?: number;
  /** Relative standard deviation of a sample, of an entry from session to session, and the share of disturbed samples. */
  sampleSpread?: number;
  sessionSpread?: number;
  disturbed?: number;
  /** What a kernel's times are multiplied with. */
  slowdown?: Readonly<Record<string, number>>;
}

const KERNELS = [
  'f32_conv_2x16__simd',
  'w8a8_conv_2x16__simd',
  'w4a4_conv_4x16__simd_packeddot',
  'w2a2_conv_4x16__simd_tables',
];
const ROWS = 12;

/**
 * A table as a session with known properties would have measured it: four kernels on twelve shapes, 16 samples each,
 * log-normal with a long right tail.
 */
export function sessionTable(settings: SessionSettings): Lut {
  const { seed, drift = 1, sampleSpread = 0.03, sessionSpread = 0.005, disturbed = 0.1, slowdown = {} } = settings;
  const random = new Random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.real())) * Math.cos(2 * Math.PI * random.real());
  const entries: LutEntry[] = [];
  for (const [k, variant] of KERNELS.entries()) {
    for (let row = 0; row < ROWS; row++) {
      const truth = (20 + 13 * row) * (1 + k) * drift * (slowdown[variant] ?? 1) * Math.exp(sessionSpread * normal());
      const samples = Array.from({ length: 16 }, () => {
        const delay = random.chance(disturbed) ? 1 + random.real() : 1;
        return truth * Math.exp(sampleSpread * normal()) * delay;
      });
      const scheme = k === 0 ? 'f32' : (variant.split('_')[0] as 'w8a8');
      const format = k === 0 ? ('f32' as const) : ('u8' as const);
      entries.push(
        createEntry({
          workload: { ...CONVOLUTION, height: 8 + row, input: format },
          scheme,
          variant,
          variantSha256: HASH,
          latencyUs: summarizeSamples(samples),
          scratchBytes: 0,
          packedBytes: 2304,
          trust: 'stable',
        }),
      );
    }
  }
  return completeLut(toyContent(entries, { measuredAt: `2025-01-02T03:00:${String(seed % 60).padStart(2, '0')}Z` }));
}
