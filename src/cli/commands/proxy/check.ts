import { type Command, Option } from 'commander';
import { BIT_PROXIES } from '../../../accuracy/proxies/index.ts';
import { BitbudgetError } from '../../../core/errors.ts';
import { DesignBuilder } from '../../../node/designs.ts';
import { readDevice } from '../../../node/device.ts';
import { type EvaluationConditions, readEvaluated, reusing } from '../../../node/evaluated-file.ts';
import { describeHost, disabledIds } from '../../../node/host.ts';
import { isModelFile } from '../../../node/model-files.ts';
import { BUDGET_TOLERANCE, checkProxies, type FixedMetric, type ProxyCheck } from '../../../node/proxy-check.ts';
import { openPricers } from '../../../node/search.ts';
import { openTable } from '../../../node/tables.ts';
import { trueLosses } from '../../../node/true-losses.ts';
import { openWorkbench, type Workbench } from '../../../node/workbench.ts';
import { createSearchSpace } from '../../../space/index.ts';
import {
  type DatasetFlags,
  datasetOptions,
  datasetSpecOf,
  imagesOf,
  normalisationOptions,
  preprocessingOf,
} from '../../dataset-options.ts';
import {
  type CalibrationOptions,
  calibrationOf,
  calibrationOptions,
  networkFlag,
  pixelsFlag,
  schemeOptions,
  seedFlag,
  threadsFlag,
  weightsFlag,
  wholeNumber,
} from '../../options.ts';
import { describeProxyCheck } from '../../proxy-text.ts';
import { type BudgetOptions, type BudgetValue, budgetOption } from '../../search-options.ts';
import { chosenSpace, orInterpolate, type SpaceFlags } from '../../search-space.ts';
import type { CliContext, Session } from '../../session.ts';

interface CheckFlags extends SpaceFlags, CalibrationOptions, DatasetFlags, BudgetOptions {
  weights?: string;
  pixels?: string;
  lut?: string;
  interpolate?: boolean;
  threads: number;
  candidates: number;
  atBudget: number;
  fixed?: string;
  proxies?: string[];
  seed: number;
  workers?: number;
  out?: string;
  reuse?: string[];
}

/** The costs that candidates can be held at, and the budget flags that say where. */
const FIXED = {
  latency: { metric: 'latencyMs', flag: 'latencyBudgetMs', units: 1 },
  size: { metric: 'sizeBytes', flag: 'sizeBudgetKib', units: 1024 },
  bitops: { metric: 'bitOps', flag: 'bitopsBudget', units: 1 },
} as const;

/** Registers `bitbudget proxy check`: ranks real candidates by each proxy and by the truth. */
export function registerCheck(program: Command, context: CliContext): void {
  const command = program
    .command('check')
    .description('run random candidates, and tell how well each proxy ranks them beside size and bit operations')
    .addOption(networkFlag())
    .addOption(weightsFlag())
    .addOption(pixelsFlag())
    .addOption(new Option('--space <file>', 'what candidates are drawn from, as for search; bits alone unless given'));
  for (const option of schemeOptions()) command.addOption(option);
  command
    .addOption(
      new Option('--ends <how>', 'first and last layer: w8a8, or drawn too')
        .choices(['fixed', 'free'])
        .default('fixed'),
    )
    .addOption(new Option('--candidates <n>', 'varied candidates to run').argParser(wholeNumber(5, 10_000)).default(60))
    .addOption(
      new Option('--at-budget <n>', 'further ones of nearly equal cost').argParser(wholeNumber(0, 10_000)).default(40),
    )
    .addOption(
      new Option('--fixed <cost>', 'the cost that these share; latency where a table is named, else size').choices(
        Object.keys(FIXED),
      ),
    );
  for (const name of ['latencyBudgetMs', 'sizeBudgetKib', 'bitopsBudget'] as const) {
    command.addOption(budgetOption(name, 'where to hold it, within 2%, instead of at the middle candidate'));
  }
  command
    .addOption(new Option('--lut <file>', 'a table, for latencies'))
    .addOption(new Option('--interpolate', 'price shapes that it lacks from those that it holds'))
    .addOption(threadsFlag('threads that it was measured with'))
    .addOption(
      new Option('--proxies <list>', `which to check, such as ${BIT_PROXIES[0].name}; all unless given`).argParser(
        (text: string) => [...new Set(text.split(',').map((name) => name.trim()))],
      ),
    )
    .addOption(seedFlag());
  for (const option of [...calibrationOptions(), ...normalisationOptions()]) command.addOption(option);
  for (const option of datasetOptions('test images for the truth', 500)) command.addOption(option);
  command
    .addOption(
      new Option('--workers <n>', 'threads that run them; all cores unless given').argParser(wholeNumber(1, 256)),
    )
    .addOption(new Option('--out <file>', 'every candidate with its accuracy and what each proxy says, as JSON'))
    .addOption(new Option('--reuse <file...>', 'such files: candidates that they tell of are not run again'));
  context.handle<CheckFlags>(command, async (_, flags, session) => {
    const check = await runCheck(flags, command.getOptionValueSource('network') === 'default', session);
    const { network, found, conditions } = check;
    const document = {
      network,
      ...{ dataset: flags.dataset, samples: flags.samples, seed: flags.seed },
      candidates: found.varied.length,
      fixedBudget: { ...found.fixed, tolerance: BUDGET_TOLERANCE },
      proxies: found.proxies,
      skipped: found.skipped,
    };
    if (flags.out !== undefined) {
      const kept = { ...document, conditions, evaluated: describeCandidates(found) };
      await session.files.writeAtomic(flags.out, `${JSON.stringify(kept, null, 2)}\n`);
    }
    return { document, text: () => describeProxyCheck(network, flags, found) };
  });
}

async function runCheck(
  flags: CheckFlags,
  anyNetwork: boolean,
  session: Session,
): Promise<{ network: string; found: ProxyCheck; conditions: EvaluationConditions }> {
  const { files, cancellation, progress: onProgress, clock, note } = session;
  const { network, space: config } = await chosenSpace(flags, undefined, anyNetwork, session);
  const fixed = fixedCost(flags);
  if (fixed.metric === 'latencyMs' && flags.lut === undefined) {
    const remedy = 'Name a table by --lut, or hold the size by --fixed size.';
    throw new BitbudgetError('usage', 'A latency cannot be held without a table.', remedy);
  }
  const table = flags.lut === undefined ? undefined : await openTable(files, flags.lut, readDevice(), flags.threads);
  const disabled = disabledIds(await describeHost());
  const images = imagesOf(flags);
  const calibration = { ...calibrationOf(flags), ...(images && { images }) };
  const workbench = await openWorkbench(network, {
    ...{ weightsFile: flags.weights, pixels: flags.pixels, preprocessing: preprocessingOf(flags) },
    ...{ calibration, disabled },
  });
  if (workbench.opened.remark) note(workbench.opened.remark);
  assertTruth(workbench, network, flags.dataset);
  const space = createSearchSpace(workbench.opened.network, config);
  const { interpolate, space: spaceFile, workers } = flags;
  const pricers = table && (await openPricers(files, workbench, [table], { interpolate, spaceFile }));
  const builder = new DesignBuilder(workbench);
  const { weightsSha256 } = workbench.opened;
  const conditions = { network, weightsSha256, space: config, calibration, dataset: datasetSpecOf(flags, 'test') };
  const known = new Map<string, number>();
  for (const path of flags.reuse ?? []) {
    const { quantized } = await readEvaluated(files, path, conditions);
    for (const [genome, loss] of quantized) known.set(genome, loss);
  }
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const { candidates, atBudget, proxies, seed } = flags;
  const found = await checkProxies(
    workbench,
    { space, candidates, atBudget, fixed, proxies, seed },
    (designs) =>
      reusing(known, designs, (unknown) =>
        trueLosses(builder, unknown, {
          ...{ dataset: conditions.dataset, workers, disabled, onProgress, cancellation },
        }),
      ),
    { clock, onProgress, cancellation, pause },
    pricers?.search,
  ).catch((error) => {
    throw interpolate ? error : orInterpolate(error);
  });
  return { network, found, conditions };
}

/** What the further candidates share, by `--fixed` or by the budget that is given. */
function fixedCost(flags: CheckFlags): { metric: FixedMetric; value?: number } {
  const given = Object.entries(FIXED).filter(([, { flag }]) => flags[flag] !== undefined);
  if (given.length > 1 || (given[0] && flags.fixed !== undefined && given[0][0] !== flags.fixed)) {
    throw new BitbudgetError('usage', 'Candidates can be held at one cost alone.', 'Leave one of the flags out.');
  }
  const [
    [, { metric, units, flag }] = Object.entries(FIXED).find(
      ([name]) => name === (flags.fixed ?? (flags.lut === undefined ? 'size' : 'latency')),
    )!,
  ] = given;
  const value: BudgetValue | undefined = flags[flag];
  if (!value) return { metric };
  if (value[''] !== undefined) return { metric, value: value[''] * units };
  throw new BitbudgetError('usage', 'The check is of one device.', 'Give the budget as one number.');
}

/** Candidates must be able to be right. */
function assertTruth({ opened }: Workbench, network: string, dataset: string): void {
  if (!opened.trained) {
    const remedy = 'Give trained ones by --weights, from `bitbudget train`.';
    throw new BitbudgetError('usage', `${network} has no trained weights, so that its accuracy means nothing.`, remedy);
  }
  if (!isModelFile(network) || dataset !== 'builtin') return;
  const problem = `The built-in images are not what ${network} was made for, so that its accuracy on them means nothing.`;
  throw new BitbudgetError('usage', problem, 'Name its own images by --dataset.');
}

/** Everything that the figures are made of. */
function describeCandidates({ varied, atBudget, truth, losses }: ProxyCheck) {
  return (['varied', 'atBudget'] as const).flatMap((group) =>
    (group === 'varied' ? varied : atBudget).map(({ genome }, i) => ({
      group,
      genome,
      top1: 1 - truth[group][i],
      losses: Object.fromEntries([...losses].map(([name, own]) => [name, own[group][i]])),
    })),
  );
}
