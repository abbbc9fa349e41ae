import { BitbudgetError } from '../core/errors.ts';
import { createDesignCosts } from '../cost/design-costs.ts';
import { foldNetwork } from '../network/fold.ts';
import { describeReduction, reduceNetwork } from '../network/reduce/index.ts';
import { zooNetwork } from '../network/zoo/index.ts';
import { createSearchSpace, type SpacePoint } from '../space/index.ts';
import {
  APQ_EVOLUTION,
  apqTable,
  capacityProxy,
  proxyScore,
  runStudy,
  type StudyPoint,
  type StudyResult,
  type StudySettings,
} from '../study/index.ts';
import type { Surroundings } from './search.ts';
import { deviceFacts, type OpenedTable } from './tables.ts';

export interface ApqRequest {
  settings: StudySettings;
  folder: string;
  resume: boolean;
  version: string;
}

/**
 * Searches APQ's space on APQ's own table. No weights exist for it here, so nothing is run: candidates of the front are
 * designs, with a stand-in for accuracy.
 *
 * @throws {BitbudgetError} `input` for a table that is not APQ's, `infeasible`, `interrupted`.
 */
export async function searchApq(
  opened: OpenedTable,
  { settings, folder, resume, version }: ApqRequest,
  { files, cancellation, onProgress, timeMaxMs, clock }: Surroundings,
): Promise<StudyResult> {
  const network = zooNetwork(APQ_EVOLUTION.network);
  const space = createSearchSpace(network, APQ_EVOLUTION.space(network));
  const table = apqTable(opened.table, network);
  const costModel = createDesignCosts({ network, table, device: await deviceFacts(files, table) });
  assertNoRam(settings);
  const largest = space.decode(space.genes.map(({ kind, choices }) => (kind === 'drop' ? 0 : choices.length - 1)));
  const proxy = capacityProxy(costModel, largest);
  return runStudy<SpacePoint>({
    settings,
    space,
    spaceRecord: APQ_EVOLUTION.space(network),
    costModel,
    proxy,
    initial: APQ_EVOLUTION.initial(space, settings.seed),
    publishedOutput: true,
    files,
    folder,
    provenance: {
      version,
      network: network.name,
      lut: [{ path: opened.path, sha256: opened.table.sha256, device: opened.table.device.id }],
    },
    toCandidate: ({ genome, cost, loss }: StudyPoint) => {
      const { reduction, schemes } = space.decode(genome);
      const reduced = foldNetwork(reduceNetwork(network, reduction));
      const layers = describeReduction(network, reduction, reduced).map((layer) => ({
        ...layer,
        scheme: schemes.get(layer.name)!,
      }));
      const { latencyMs, energyMj, sizeBytes, ramBytes, macs, bitOps } = cost;
      const accuracy = { value: proxyScore(loss), kind: `proxy:${proxy.name}` };
      const predicted = { latencyMs, energyMj, sizeBytes, ramBytes, macs, bitOps, accuracy };
      return { network: network.name, space: space.name, genome, layers, predicted };
    },
    resume,
    ...(timeMaxMs !== undefined && { timeMaxMs, clock }),
    onProgress,
    cancellation,
    pause: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
}

/** The table knows no kernels, so that the scratch that RAM would count is unknown. */
function assertNoRam({ budgets, objectives }: StudySettings): void {
  const asked = objectives.includes('ram') || Object.keys(budgets).some((name) => name.startsWith('ramBytes'));
  if (!asked) return;
  throw new BitbudgetError('usage', "APQ's table does not tell of RAM.", 'Leave the RAM budget and objective out.');
}
