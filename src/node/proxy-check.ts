import { ARCHITECTURE_PROXIES, BIT_PROXIES } from '../accuracy/proxies/index.ts';
import { type ArchitectureProxy, interrupted, type ProxyContext } from '../accuracy/proxies/types.ts';
import { BitbudgetError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { Clock } from '../core/ports.ts';
import { Random } from '../core/random.ts';
import { createDesignWork } from '../cost/design-costs.ts';
import type { Pricer, SearchSpace, SpacePoint } from '../space/index.ts';
import { drawAtBudget, drawVaried } from '../study/proxy-check/draw-candidates.ts';
import { type CandidateLosses, type CheckedProxy, compareWithTruth } from '../study/proxy-check/report.ts';
import { DesignBuilder } from './designs.ts';
import { DEFAULT_PROXIES, type ProbeSurroundings, proxyContext, spaceProxy } from './space-proxy.ts';
import type { Workbench } from './workbench.ts';

/** A cost that candidates may have in common. */
export type FixedMetric = 'latencyMs' | 'sizeBytes' | 'bitOps';

export interface ProxyCheckRequest {
  space: SearchSpace;
  /** Varied candidates to evaluate truly. */
  candidates: number;
  /** Further candidates of nearly equal cost. */
  atBudget: number;
  /** The cost that those share; its value is the middle one of the varied candidates unless given. */
  fixed: { metric: FixedMetric; value?: number };
  /** Names of proxies; all that can be asked unless given. */
  proxies?: readonly string[];
  seed: number;
}

/** Where true losses come from: one minus the accuracy of each design, in their order. */
export type Truth = (designs: readonly SpacePoint[]) => Promise<readonly number[]>;

export interface ProxyCheck {
  fixed: { metric: FixedMetric; value: number; candidates: number };
  /** What was drawn, and what it truly loses. */
  varied: readonly SpacePoint[];
  atBudget: readonly SpacePoint[];
  truth: CandidateLosses;
  /** What each proxy and baseline says of them, by name. */
  losses: ReadonlyMap<string, CandidateLosses>;
  /** Proxies by their correlation at the fixed budget, the best first, then the baselines. */
  proxies: CheckedProxy[];
  /** Proxies that could not be asked, and why. */
  skipped: { name: string; reason: string }[];
}

/** Candidates within this of the fixed cost count as equal. */
export const BUDGET_TOLERANCE = 0.02;
/** Images that architecture proxies look at for each candidate. */
const ARCHITECTURE_IMAGES = 32;

/**
 * Asks how well proxies rank candidates of a network: draws candidates, has them evaluated truly, and compares.
 *
 * @param pricer prices on a device; without it candidates cannot be held at a latency.
 * @throws {BitbudgetError} `usage` for an unknown proxy or a fixed latency without table, `interrupted`.
 */
export async function checkProxies(
  workbench: Workbench,
  request: ProxyCheckRequest,
  truthOf: Truth,
  { clock, ...surroundings }: ProbeSurroundings & { clock: Clock },
  pricer?: Pricer<SpacePoint>,
): Promise<ProxyCheck> {
  const { space, seed } = request;
  const random = new Random(seed);
  const wanted = chosenProxies(space, request.proxies);
  const costOf = costReader(workbench, request, pricer);
  const variedGenomes = drawVaried(space, request.candidates, random);
  const value = request.fixed.value ?? middle(variedGenomes.map((genome) => costOf(space.decode(genome))));
  const window = {
    costOf: (genome: readonly number[]) => costOf(space.decode(genome)),
    ...{ value, tolerance: BUDGET_TOLERANCE },
  };
  const varied = variedGenomes.map((genome) => space.decode(genome));
  const atBudget = drawAtBudget(space, window, request.atBudget, random).map((genome) => space.decode(genome));
  const split = (losses: readonly number[]): CandidateLosses => ({
    varied: losses.slice(0, varied.length),
    atBudget: losses.slice(varied.length),
  });
  const designs = [...varied, ...atBudget];

  const losses = new Map<string, CandidateLosses>();
  const seconds = new Map<string, number>();
  const skipped: ProxyCheck['skipped'] = [];
  for (const { name, kind } of wanted) {
    const startNs = clock.nowNs();
    try {
      losses.set(name, split(await proxyLosses(name, kind, workbench, space, designs, surroundings)));
      seconds.set(name, (clock.nowNs() - startNs) / 1e9);
    } catch (error) {
      // what one proxy needs and this network lacks is no reason to say nothing of the others
      if (!(error instanceof BitbudgetError) || !['input', 'unsupported'].includes(error.kind) || request.proxies)
        throw error;
      skipped.push({ name, reason: error.message });
    }
  }
  const baselines = baselineLosses(workbench, designs);
  for (const [name, own] of baselines) losses.set(name, split(own));
  const truth = split(await truthOf(designs));
  const kindOf = new Map(wanted.map(({ name, kind }) => [name, kind]));
  const proxies = [...losses].map(([name, own]) => {
    const facts = { name, kind: kindOf.get(name) ?? ('baseline' as const), seconds: seconds.get(name) ?? null };
    return compareWithTruth(facts, own, truth, seed);
  });
  proxies.sort((a, b) => Number(a.kind === 'baseline') - Number(b.kind === 'baseline') || rankOf(b) - rankOf(a));
  const fixed = { metric: request.fixed.metric, value, candidates: atBudget.length };
  return { fixed, varied, atBudget, truth, losses, proxies, skipped };
}

function rankOf({ atFixedBudget, spearman }: CheckedProxy): number {
  return atFixedBudget?.spearman ?? spearman ?? -1;
}

interface WantedProxy {
  name: string;
  kind: 'bits' | 'architecture';
}

/** The proxies that can tell candidates of a space apart, or those of them that are named. */
function chosenProxies(space: SearchSpace, names: readonly string[] | undefined): WantedProxy[] {
  const isBits = (kind: string) => kind === 'scheme' || kind === 'weights' || kind === 'activations';
  const known = [
    ...BIT_PROXIES.map(({ name }): WantedProxy => ({ name, kind: 'bits' })),
    ...(space.genes.every(({ kind }) => isBits(kind))
      ? []
      : ARCHITECTURE_PROXIES.map(({ name }): WantedProxy => ({ name, kind: 'architecture' }))),
  ];
  if (!names) return known;
  return names.map((name) => {
    const found = known.find((proxy) => proxy.name === name);
    if (found) return found;
    const listed = known.map((proxy) => proxy.name);
    const guess = nearestName(name, listed);
    const remedy = `${guess ? `Did you mean ${guess}? ` : ''}Use ${listed.join(', ')}.`;
    throw new BitbudgetError('usage', `"${name}" is no proxy for this space.`, remedy);
  });
}

/** What a proxy says of designs: a bit proxy together with what reductions lose, as a search uses it; the other kind alone. */
async function proxyLosses(
  name: string,
  kind: WantedProxy['kind'],
  workbench: Workbench,
  space: SearchSpace,
  designs: readonly SpacePoint[],
  surroundings: ProbeSurroundings,
): Promise<number[]> {
  if (kind === 'bits') {
    const proxy = await spaceProxy(workbench, space, surroundings, { ...DEFAULT_PROXIES, proxy: name });
    return designs.map((design) => proxy.loss(design));
  }
  const whole = proxyContext(workbench, surroundings);
  const context: ProxyContext = {
    ...whole,
    images: whole.images.slice(0, ARCHITECTURE_IMAGES),
    labels: whole.labels?.slice(0, ARCHITECTURE_IMAGES),
  };
  return architectureLosses(ARCHITECTURE_PROXIES.find((proxy) => proxy.name === name)!, workbench, designs, context);
}

async function architectureLosses(
  proxy: ArchitectureProxy,
  workbench: Workbench,
  designs: readonly SpacePoint[],
  context: ProxyContext,
): Promise<number[]> {
  const builder = new DesignBuilder(workbench);
  const losses: number[] = [];
  for (const [i, { reduction }] of designs.entries()) {
    losses.push(await proxy.loss(context, builder.reduced(reduction).network));
    context.onProgress(`asking ${proxy.name}`, (i + 1) / designs.length);
    if (context.cancellation.aborted) throw interrupted();
    await context.pause();
  }
  return losses;
}

/** More is taken to be better: what a proxy has to beat. */
function baselineLosses(workbench: Workbench, designs: readonly SpacePoint[]): Map<string, number[]> {
  const workOf = createDesignWork(workbench.opened.network);
  const works = designs.map(workOf);
  const baselines = new Map([
    ['size', works.map(({ sizeBytes }) => -sizeBytes)],
    ['bit-ops', works.map(({ bitOps }) => -bitOps)],
  ]);
  const macs = works.map((work) => -work.macs);
  if (macs.some((count) => count !== macs[0])) baselines.set('macs', macs);
  return baselines;
}

function costReader(
  workbench: Workbench,
  { fixed }: ProxyCheckRequest,
  pricer: Pricer<SpacePoint> | undefined,
): (point: SpacePoint) => number {
  const { metric } = fixed;
  if (metric === 'latencyMs') {
    if (pricer) return (point) => pricer.estimate(point).latencyMs.value;
    const remedy = 'Name a table by --lut, or hold the size or the bit operations.';
    throw new BitbudgetError('usage', 'A latency cannot be held without a table.', remedy);
  }
  const workOf = createDesignWork(workbench.opened.network);
  return (point) => workOf(point)[metric];
}

/** The value that half of the others exceed; the upper one of two. */
function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
