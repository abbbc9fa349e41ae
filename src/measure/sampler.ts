import type { Random } from '../core/random.ts';
import type { Network } from '../network/types.ts';
import type { Scheme } from '../quant/scheme.ts';
import { planTensors, weightedLayers } from '../quant/tensor-plan.ts';
import type { MeasurementGroups } from './groups.ts';

export type Assignment = Map<string, Scheme>;

/** A network to be measured. */
export interface Draw {
  assignment: Assignment;
  /** Without the variants that depend on weights. */
  unconditional: boolean;
}

/** Networks drawn for every one that is measured; the one that visits the rarest groups is taken. */
const DRAWS = 24;
/** Share of the draws that leave out what depends on weights. */
const UNCONDITIONAL_SHARE = 0.25;

/**
 * Draws one assignment: half of the time every layer independently; else biased towards one scheme, or a patchwork of
 * one integer scheme and f32, so that the borders between the two are met often enough.
 */
export function drawAssignment(folded: Network, schemes: readonly Scheme[], random: Random): Assignment {
  const layers = weightedLayers(folded);
  const pick = () => schemes[random.below(schemes.length)];
  const kind = random.below(schemes.includes('f32') ? 4 : 3);
  if (kind <= 1) return new Map(layers.map((layer) => [layer, pick()]));
  const theme = pick();
  if (kind === 2) return new Map(layers.map((layer) => [layer, random.chance(0.7) ? theme : pick()]));
  return new Map(layers.map((layer) => [layer, random.chance(0.5) ? 'f32' : random.chance(0.5) ? theme : pick()]));
}

/**
 * Chooses which networks to time so that every measurement group is visited about equally often: of many random
 * assignments the one whose layers lack the most visits is taken next.
 */
export class BalancedSampler {
  readonly visits = new Map<string, number>();
  private readonly folded: Network;
  private readonly schemes: readonly Scheme[];
  private readonly random: Random;
  private readonly targetVisits: number;
  private readonly groups: MeasurementGroups;

  /** @param wanted the groups that are to be visited `targetVisits` times each. */
  constructor(
    folded: Network,
    schemes: readonly Scheme[],
    groups: MeasurementGroups,
    wanted: Iterable<string>,
    targetVisits: number,
    random: Random,
  ) {
    this.folded = folded;
    this.schemes = schemes;
    this.random = random;
    this.targetVisits = targetVisits;
    this.groups = groups;
    for (const group of wanted) this.visits.set(group, 0);
  }

  /** Share of the wanted visits that have been made. */
  get progress(): number {
    let done = 0;
    for (const visits of this.visits.values()) done += Math.min(visits, this.targetVisits);
    return this.visits.size === 0 ? 1 : done / (this.visits.size * this.targetVisits);
  }

  get complete(): boolean {
    return this.progress >= 1;
  }

  next(): Draw {
    let best: Draw | undefined;
    let bestGain = -1;
    for (let i = 0; i < DRAWS; i++) {
      const assignment = drawAssignment(this.folded, this.schemes, this.random);
      const draw = { assignment, unconditional: this.random.chance(UNCONDITIONAL_SHARE) };
      const gain = this.gain(draw);
      if (gain > bestGain) {
        best = draw;
        bestGain = gain;
      }
    }
    return best!;
  }

  /** Counts one visit of the group of each layer of a measured network. */
  visit(groups: Iterable<string>): void {
    for (const group of groups) this.visits.set(group, (this.visits.get(group) ?? 0) + 1);
  }

  /** Takes the visits of these networks for all that were made. */
  recount(networks: Iterable<Iterable<string>>): void {
    for (const group of this.visits.keys()) this.visits.set(group, 0);
    for (const groups of networks) this.visit(groups);
  }

  private gain({ assignment, unconditional }: Draw): number {
    const plan = planTensors(this.folded, assignment);
    let gain = 0;
    for (const group of this.groups.ofPlan(plan, unconditional)) {
      const lacking = this.targetVisits - (this.visits.get(group) ?? this.targetVisits);
      if (lacking > 0) gain += lacking * lacking;
    }
    return gain;
  }
}
