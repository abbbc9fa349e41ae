import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AllocationProblem } from '../../src/search/index.ts';
import { generatedProblem, saturating, withPairsOfBothSigns } from './generated-problems.ts';

/** A budget with the least loss that is known. */
export interface BenchBudget {
  name: string;
  limits: Record<string, number>;
  /** Proven. */
  optimum?: { loss: number };
  best_known?: { loss: number };
  /** Least loss within the limits where all layers make the same choice; see `knownBudgets`. */
  uniform_ref_loss?: number;
}

export type BenchProblem = Omit<AllocationProblem, 'budgets' | 'bounds'> & {
  tables: AllocationProblem['tables'];
  name: string;
  chain_tables?: Record<string, number[][][]>;
  layers: readonly { block: number }[];
  budgets: BenchBudget[];
  bounds: Record<string, [number, number]>;
  fronts?: Record<string, { keys: string[]; count?: number; hv_full?: number }>;
};

/** What every allocation problem is held to. */
export interface ProblemCase {
  name: string;
  /** Whether the exact solver is to prove every budget. */
  exact: boolean;
  /** Evaluations, and the regret that may be left after them. */
  regret: readonly (readonly [evaluations: number, regret: number])[];
  /** Evaluations, and the share of the front's hypervolume that may be missing after them. */
  volume?: readonly [evaluations: number, gap: number];
  read(): BenchProblem;
}

/** Where the allocation problems come from: the test data, or made here where there is none. */
export interface ProblemSource {
  origin: string;
  cases: readonly ProblemCase[];
  /** A file of the test data besides the problems, or undefined where it is not there. */
  readJson(path: string): unknown;
}

type Case = Omit<ProblemCase, 'read'>;

const KINDS = {
  short: { exact: true, regret: [[200, 0]], volume: [20_000, 0.002] },
  long: { exact: true, regret: [[500, 0]], volume: [20_000, 0.01] },
  chain: { exact: true, regret: [] },
  coupled: { exact: false, regret: [[5000, 0.002]] },
  longCoupled: {
    exact: false,
    regret: [
      [5000, 0.02],
      [20_000, 0.002],
    ],
  },
} satisfies Record<string, Omit<Case, 'name'>>;

const TEST_DATA: Record<string, keyof typeof KINDS> = {
  add_resnet20_L18_s1: 'short',
  tri_resnet20_L18: 'short',
  hard_L18: 'short',
  add_mbv2_L53_s1: 'long',
  chain_resnet20_L18: 'chain',
  pair_resnet20_L18: 'coupled',
  sat_resnet20_L18: 'coupled',
};

/** A long problem that saturates is in no test data: it is made of the long additive one. */
const LONG_ADDITIVE = 'add_mbv2_L53_s1';

/**
 * The allocation problems of a folder of test data; those of the folder beside the checkout, or that the environment
 * names, unless one is given. The word `generated` asks for those made here, which are taken too where there are no data.
 */
export function openProblems(given?: string): ProblemSource {
  const beside = fileURLToPath(new URL('../../../shared/data', import.meta.url));
  const folder = given ?? process.env.BITBUDGET_TEST_DATA ?? beside;
  if (given === 'generated' || (given === undefined && !existsSync(`${folder}/alloc`))) return generated();
  if (!existsSync(`${folder}/alloc`)) throw new Error(`There is no folder alloc in ${folder}.`);
  const readJson = (path: string): unknown =>
    existsSync(`${folder}/${path}`) ? JSON.parse(readFileSync(`${folder}/${path}`, 'utf8')) : undefined;
  const read = (name: string) => readJson(`alloc/${name}.json`) as BenchProblem;
  const cases = Object.entries(TEST_DATA).map(([name, kind]) => ({ ...KINDS[kind], name, read: () => read(name) }));
  const long = {
    ...KINDS.longCoupled,
    name: `sat_of_${LONG_ADDITIVE}`,
    read: () => saturating(read(LONG_ADDITIVE), 1),
  };
  return { origin: 'the test data', cases: [...cases, long], readJson };
}

function generated(): ProblemSource {
  const make = (kind: keyof typeof KINDS, name: string, read: () => BenchProblem) => ({ ...KINDS[kind], name, read });
  const short = () => generatedProblem('additive-18', { network: 'resnet20-a', kind: 'additive', seed: 1 });
  const long = () => generatedProblem('additive-53', { network: 'mobilenet-v2', kind: 'additive', seed: 2 });
  return {
    origin: 'problems made by the bench',
    cases: [
      make('short', 'additive-18', short),
      make('short', 'tight-18', () => generatedProblem('tight-18', { network: 'resnet20-a', kind: 'tight', seed: 3 })),
      make('long', 'additive-53', long),
      make('chain', 'chain-18', () => generatedProblem('chain-18', { network: 'resnet20-a', kind: 'chain', seed: 4 })),
      make('coupled', 'saturating-18', () => ({ ...saturating(short(), 5), name: 'saturating-18' })),
      make('longCoupled', 'saturating-53', () => ({ ...saturating(long(), 6), name: 'saturating-53' })),
      make('longCoupled', 'pairs-53', () => ({ ...withPairsOfBothSigns(long(), 7), name: 'pairs-53' })),
    ],
    readJson: () => undefined,
  };
}
