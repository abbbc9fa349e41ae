import { BitbudgetError } from '../core/errors.ts';
import type { Candidate } from '../quant/candidate.ts';
import {
  allocateSpace,
  assertReachable,
  type Budgets,
  createSearchSpace,
  type SpaceAllocation,
  type SpaceConfigInput,
  type SpacePoint,
} from '../space/index.ts';
import { proxyScore } from '../study/index.ts';
import { makeCandidate } from './candidates.ts';
import { DesignBuilder } from './designs.ts';
import { openPricers, type Surroundings } from './search.ts';
import { DEFAULT_PROXIES, type ProxyChoice, spaceProxy } from './space-proxy.ts';
import type { OpenedTable } from './tables.ts';
import type { Workbench } from './workbench.ts';

export interface SolveRequest {
  budgets: Budgets;
  budgetConfidence?: number;
  /** Bits alone: their costs add up over the layers. */
  space: SpaceConfigInput;
  spaceFile?: string;
  /** The proxies that rank candidates; the default ones unless given. */
  proxies?: ProxyChoice;
}

/**
 * The bits of a network that lose least by the additive proxy within budgets, solved instead of searched.
 *
 * @param tables of the devices that budgets may name; the first is the one that the candidate is reported for.
 * @throws {BitbudgetError} `infeasible`, `missing-entry` if a table lacks what the space needs, `usage` for a space with
 * other genes than bits.
 */
export async function solveNetwork(
  workbench: Workbench,
  tables: readonly OpenedTable[],
  request: SolveRequest,
  { files, onProgress, cancellation }: Surroundings,
): Promise<{ candidate: Candidate; allocation: SpaceAllocation }> {
  const { budgets, budgetConfidence = 0 } = request;
  const space = createSearchSpace(workbench.opened.network, request.space);
  const stranger = space.genes.find(({ kind }) => kind !== 'scheme');
  if (stranger) {
    const problem = `The gene ${stranger.name} is no choice of a scheme, and what it costs depends on other genes.`;
    throw new BitbudgetError('usage', problem, 'Use `bitbudget search`, or a space of schemes alone.');
  }
  const { search } = await openPricers(files, workbench, tables, request);
  assertReachable(space, search, budgets, budgetConfidence); // before the proxy takes its time
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const { proxies = DEFAULT_PROXIES } = request;
  const proxy = await spaceProxy(workbench, space, { onProgress, cancellation, pause }, proxies);
  const allocation = await allocateSpace<SpacePoint>(
    space,
    search,
    budgets,
    (point) => proxy.loss(point),
    budgetConfidence,
  );
  const { genome, cost, loss } = allocation;
  const candidate = makeCandidate(workbench, new DesignBuilder(workbench), {
    space: space.name,
    genome,
    design: space.decode(genome),
    cost,
    accuracy: { value: proxyScore(loss), kind: `proxy:${proxy.name}` },
  });
  return { candidate, allocation };
}
