import { Random } from '../../core/random.ts';
import type { Session } from '../../engine/session.ts';
import { entryKey } from '../../lut/entry-key.ts';
import { tableRanking } from '../../lut/ranking.ts';
import type { LutEntry } from '../../lut/schema.ts';
import { wholeNetworkUs } from '../../lut/whole-network.ts';
import type { Network } from '../../network/types.ts';
import { timeNetworks } from '../networks.ts';
import type { Bench } from '../surroundings.ts';
import {
  errorOf,
  HELD_OUT_SEED,
  LEVEL_TOLERANCE,
  noneTimed,
  TIMING,
  type ValidationOptions,
  type ValidationResult,
} from '../validation.ts';
import type { MeasuredSpace } from './sample-space.ts';
import { type LoadedDesign, SlimNetworks } from './slim-networks.ts';

/**
 * What `validateTable` is for one network, for the designs of a space: random ones are timed as wholes and held against the
 * sums of their entries, interpolated ones among them.
 */
export async function validateSpace(
  bench: Bench,
  network: Network,
  space: MeasuredSpace,
  entries: ReadonlyMap<string, LutEntry>,
  { fit, levelNs, seed, networks, limit }: Omit<ValidationOptions, 'schemes'>,
): Promise<ValidationResult> {
  const random = new Random(seed ^ HELD_OUT_SEED);
  const ranking = tableRanking({ entries: [...entries.values()] });
  const slim = new SlimNetworks(bench, network);
  const drawn: { design: LoadedDesign; predicted: number }[] = [];
  for (let n = 0; n < networks; n++) {
    const genome = space.counts.map((count) => random.below(count));
    if ([...space.keysOf(genome).values()].some((key) => !entries.has(key))) continue;
    const design = slim.load(space.decode(genome), { ranking });
    const sumUs = sumOf(entries, design.session);
    drawn.push({ design, predicted: wholeNetworkUs(sumUs, network.name, fit) / 1e3 });
    await bench.pause(0);
  }
  if (drawn.length === 0) return { validation: null, slowdown: 1 };
  const sessions = drawn.map(({ design }) => design.session);
  const timing = { ...TIMING, levelNs, isOver: () => limit?.isOver('validation') ?? false };
  const truth = await timeNetworks(sessions, bench.input, bench, random, timing, bench).catch(noneTimed);
  for (const { design } of drawn) design.dispose();
  if (!truth) return { validation: null, slowdown: Number.NaN };
  const slowdown = Number.isNaN(levelNs) ? 1 : truth.levelNs / levelNs;
  if (Math.abs(slowdown - 1) > LEVEL_TOLERANCE) return { validation: null, slowdown };
  return errorOf(
    drawn.map(({ predicted }) => predicted),
    truth,
    slowdown,
  );
}

/** Σ of the entries' medians, of what each layer's own weights let run. */
function sumOf(entries: ReadonlyMap<string, LutEntry>, { steps }: Session): number {
  return steps.reduce((sum, { layer, variant }) => {
    const { unconditional, latencyUs } = entries.get(entryKey(layer.workload, layer.scheme))!;
    return sum + (unconditional?.variant === variant.id ? unconditional.latencyUs : latencyUs).median;
  }, 0);
}
