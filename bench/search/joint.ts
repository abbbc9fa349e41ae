import { Random } from '../../src/core/random.ts';
import { createDesignWork } from '../../src/cost/design-costs.ts';
import type { Cost } from '../../src/cost/types.ts';
import { zooNetwork } from '../../src/network/zoo/index.ts';
import { schemeBits } from '../../src/quant/scheme.ts';
import { scaledHypervolume } from '../../src/search/index.ts';
import { createSearchSpace, type Pricer, type SearchSpace, type SpacePoint } from '../../src/space/index.ts';
import { objectiveValue, runStudy, type Strategy, type StudyOptions, type StudyResult } from '../../src/study/index.ts';
import { median } from '../harness.ts';
import type { BenchRun } from './report.ts';

const NETWORK = 'resnet20';
/** Bits, channels and depth. */
const SPACE = {
  bits: { schemes: ['w2a4', 'w4a4', 'w8a8'] as const },
  keep: { ratios: [0.25, 0.5, 0.75, 1] },
  drop: { blocks: [0, 1] },
};
const EVALUATIONS = [60, 150, 500];
/** What takes minutes a seed. */
const MOST_EVALUATIONS = 2000;
const STRATEGIES: readonly Strategy[] = ['guided', 'evolution'];
/** The latency budget, as a share of what lies between the fastest and the slowest uniform design. */
const BUDGET_SHARE = 0.3;
const OBJECTIVES = ['accuracy', 'latency'];

/** The strategies beside each other where bits, channels and depth act together: neither loss nor costs add up. */
export async function benchJoint(run: BenchRun): Promise<void> {
  if (!run.wanted('joint')) return;
  const { report, seeds } = run;
  const problem = jointProblem();
  report.heading(
    `Joint spaces: bits, channels and depth of ${NETWORK}, ${problem.space.genes.length} genes, ${seeds.length} seeds`,
  );
  report.say(
    'Equal evaluations; least loss within a latency budget, and hypervolume without one: medians (least to greatest). What a search does unless told otherwise is guided.\n',
  );
  report.table(['strategy', 'evaluations', 'least loss', 'hypervolume', '']);
  for (const evaluations of run.quick ? EVALUATIONS : [...EVALUATIONS, MOST_EVALUATIONS]) {
    const reached = new Map<Strategy, { losses: number[]; volumes: number[] }>();
    for (const strategy of STRATEGIES) {
      const [losses, volumes]: number[][] = [[], []];
      for (const seed of seeds) {
        report.progress(`joint by ${strategy}, ${evaluations}`, losses.length, seeds.length);
        const limited = await search(problem, {
          strategy,
          evaluations,
          seed,
          budgets: { latencyMs: problem.budgetMs },
        });
        losses.push(Math.min(...limited.front.map(({ loss }) => loss)));
        volumes.push(volumeOf(problem, await search(problem, { strategy, evaluations, seed, budgets: {} })));
      }
      reached.set(strategy, { losses, volumes });
    }
    const [guided, evolution] = STRATEGIES.map((strategy) => reached.get(strategy)!);
    const wins =
      median(guided.losses) <= median(evolution.losses) && median(guided.volumes) >= median(evolution.volumes);
    for (const [strategy, { losses, volumes }] of reached) {
      const verdict = strategy === 'guided' ? report.verdict(`joint, ${evaluations}`, wins) : '';
      report.row([strategy, String(evaluations), spreadOf(losses), spreadOf(volumes), verdict]);
    }
  }
}

interface JointProblem {
  space: SearchSpace;
  pricer: Pricer<SpacePoint>;
  loss(point: SpacePoint): number;
  budgetMs: number;
  bounds: [number, number][];
}

/**
 * A loss that no sum over the genes is: a layer's rounding noise counts the more the fewer channels carry it, what blocks
 * and channels lose comes on top, and the whole saturates. Latency grows with multiply-accumulates and bits.
 */
function jointProblem(): JointProblem {
  const network = zooNetwork(NETWORK);
  const space = createSearchSpace(network, { ...SPACE, bits: { schemes: [...SPACE.bits.schemes] } });
  const workOf = createDesignWork(network);
  const random = new Random(1);
  const layers = network.layers.flatMap((layer) => ('outChannels' in layer ? [layer] : []));
  const sensitivity = new Map(layers.map(({ name }) => [name, 2 ** (6 * random.real() - 3)]));
  const pricer = {
    estimate(point: SpacePoint): Cost {
      const work = workOf(point);
      const value = 0.02 + 4e-9 * work.macs + 6e-10 * work.bitOps ** 0.9; // the fewer bits, the less each of them saves
      const latencyMs = { value, low: value, high: value };
      return { ...work, latencyMs, energyMj: { ...latencyMs, source: 'model' }, ramBytes: 0, parameters: 0 };
    },
  };
  const loss = ({ schemes, reduction }: SpacePoint): number => {
    let sum = 0;
    for (const { name, outChannels } of layers) {
      const scheme = schemes.get(name);
      if (!scheme) {
        sum += 0.02 * sensitivity.get(name)!; // gone with its block
        continue;
      }
      const { weightBits, activationBits } = schemeBits(scheme);
      const left = (reduction.keptChannels.get(name)?.length ?? outChannels) / outChannels;
      const noise = 4 ** -weightBits + 4 ** -activationBits;
      sum += sensitivity.get(name)! * ((0.4 * noise) / left + 0.01 * (1 / left - 1));
    }
    return sum / (1 + sum);
  };
  const extreme = (whole: boolean) => {
    const genome = space.genes.map(({ kind, choices }) => ((kind === 'drop') === whole ? 0 : choices.length - 1));
    return pricer.estimate(space.decode(genome)).latencyMs.value;
  };
  const [low, most] = [extreme(false), extreme(true)];
  return {
    space,
    pricer,
    loss,
    budgetMs: low + BUDGET_SHARE * (most - low),
    bounds: [
      [0, 1],
      [low, most],
    ],
  };
}

function search(
  { space, pricer, loss }: JointProblem,
  changes: Pick<StudyOptions['settings'], 'strategy' | 'evaluations' | 'seed' | 'budgets'>,
): Promise<StudyResult> {
  return runStudy<SpacePoint>({
    settings: { objectives: OBJECTIVES, population: 92, ...changes },
    ...{ space, costModel: pricer, proxy: { name: 'joint', loss } },
    ...{ files: NO_FILES, folder: 'run', provenance: {}, toCandidate: ({ genome }) => ({ genome }) },
    ...{ onProgress: () => {}, cancellation: { aborted: false }, pause: async () => {} },
  });
}

/** The bench keeps no run folders. */
const NO_FILES = {
  readText: async () => '',
  readBytes: async () => new Uint8Array(0),
  writeAtomic: async () => {},
  exists: async () => false,
  remove: async () => {},
  list: async () => [],
};

function volumeOf({ bounds }: JointProblem, { front }: StudyResult): number {
  const points = front.map((point) => OBJECTIVES.map((objective) => objectiveValue(objective, point)));
  return scaledHypervolume(points, bounds, new Random(1));
}

function spreadOf(values: readonly number[]): string {
  const digits = (value: number) => value.toFixed(4);
  return `${digits(median(values))} (${digits(Math.min(...values))} to ${digits(Math.max(...values))})`;
}
