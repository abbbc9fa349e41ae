import { type Command, Option } from 'commander';
import { BIT_PROXIES, findBitProxy } from '../../../accuracy/proxies/index.ts';
import { BitbudgetError } from '../../../core/errors.ts';
import { metricValue } from '../../../cost/metric-values.ts';
import { COST_METRICS } from '../../../cost/types.ts';
import { readDevice } from '../../../node/device.ts';
import { describeHost, disabledIds } from '../../../node/host.ts';
import { runName } from '../../../node/model-files.ts';
import { openPricers } from '../../../node/search.ts';
import { DEFAULT_BIT_PROXY, DEFAULT_PROXIES, spaceProxy } from '../../../node/space-proxy.ts';
import { openTable } from '../../../node/tables.ts';
import { openWorkbench } from '../../../node/workbench.ts';
import { createSearchSpace, geneProblem } from '../../../space/index.ts';
import { type ImageFlags, normalisationOptions, preprocessingOf } from '../../dataset-options.ts';
import {
  type CalibrationOptions,
  calibrationOf,
  calibrationOptions,
  networkFlag,
  pixelsFlag,
  schemeOptions,
  threadsFlag,
  weightsFlag,
} from '../../options.ts';
import { chosenSpace, orInterpolate, type SpaceFlags } from '../../search-space.ts';
import type { CliContext, Session } from '../../session.ts';

interface TableFlags extends SpaceFlags, CalibrationOptions, Pick<ImageFlags, 'mean' | 'std'> {
  weights?: string;
  pixels?: string;
  lut?: string;
  interpolate?: boolean;
  threads: number;
  proxy: string;
  out?: string;
}

/** Registers `bitbudget proxy table`: a proxy's losses and a table's costs as a problem that `solve` takes. */
export function registerTable(program: Command, context: CliContext): void {
  const command = program
    .command('table')
    .description("write a proxy's losses of every layer and scheme, with their costs, as a problem for solve --problem")
    .addOption(networkFlag())
    .addOption(weightsFlag())
    .addOption(pixelsFlag())
    .addOption(new Option('--lut <file>', 'the table of costs; the newest of this device unless given'))
    .addOption(new Option('--interpolate', 'price shapes that it lacks from those that it holds'))
    .addOption(threadsFlag('threads that it was measured with'))
    .addOption(
      new Option('--proxy <name>', `one of ${BIT_PROXIES.map(({ name }) => name).join(', ')}`).default(
        DEFAULT_BIT_PROXY,
      ),
    )
    .addOption(new Option('--space <file>', 'what to choose from, as YAML or JSON: bits alone'));
  for (const option of schemeOptions()) command.addOption(option);
  command.addOption(
    new Option('--ends <how>', 'first and last layer: w8a8, or chosen too').choices(['fixed', 'free']).default('fixed'),
  );
  for (const option of [...calibrationOptions(), ...normalisationOptions()]) command.addOption(option);
  command.addOption(new Option('--out <file>', 'the problem; runs/<network>-<proxy>.problem.json unless given'));
  context.handle<TableFlags>(command, async (_, flags, session) => {
    const written = await writeProblem(flags, command.getOptionValueSource('network') === 'default', session);
    const { path, metrics, leftOut, layers, budgets } = written;
    const missing = leftOut.map((name) => `${name} is no sum over the layers in this space, and is left out.`);
    const hint = leftOut.length > 0 ? ' Leaving f32 out by --schemes makes it one.' : '';
    return {
      document: { ...written, proxy: flags.proxy },
      text: () =>
        [
          `${layers} layers with ${metrics.join(', ')}, and ${budgets} budgets, in ${path}.`,
          ...missing.map((line) => `${line}${hint}`),
          `\`bitbudget solve --problem ${path}\` solves it.`,
        ].join('\n'),
    };
  });
}

async function writeProblem(flags: TableFlags, anyNetwork: boolean, session: Session) {
  const { files, cancellation, progress: onProgress, note } = session;
  findBitProxy(flags.proxy); // a wrong name is told before anything is measured
  const { network, space: config } = await chosenSpace(flags, undefined, anyNetwork, session);
  const table = await openTable(files, flags.lut, readDevice(), flags.threads);
  const disabled = disabledIds(await describeHost());
  const workbench = await openWorkbench(network, {
    ...{ weightsFile: flags.weights, pixels: flags.pixels, preprocessing: preprocessingOf(flags) },
    ...{ calibration: calibrationOf(flags), disabled },
  });
  if (workbench.opened.remark) note(workbench.opened.remark);
  const space = createSearchSpace(workbench.opened.network, config);
  const stranger = space.genes.find(({ kind }) => kind !== 'scheme');
  if (stranger) {
    const problem = `The gene ${stranger.name} is no choice of a scheme, and what it costs depends on other genes.`;
    throw new BitbudgetError('usage', problem, 'Give a space of schemes alone.');
  }
  const { interpolate, space: spaceFile } = flags;
  const { search: pricer } = await openPricers(files, workbench, [table], { interpolate, spaceFile });
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const choice = { ...DEFAULT_PROXIES, proxy: flags.proxy };
  const proxy = await spaceProxy(workbench, space, { onProgress, cancellation, pause }, choice);
  const name = `${runName(network)}-${flags.proxy}`;
  const costs = COST_METRICS.map((metric) => ({
    name: metric,
    value: (cost: Parameters<typeof metricValue>[0]) => metricValue(cost, metric),
  }));
  let made: ReturnType<typeof geneProblem>;
  try {
    made = geneProblem(name, space, pricer, (point) => proxy.loss(point), costs);
  } catch (error) {
    throw interpolate ? error : orInterpolate(error);
  }
  const { problem, leftOut } = made;
  const path = flags.out ?? `runs/${name}.problem.json`;
  await files.writeAtomic(path, `${JSON.stringify(problem)}\n`);
  const { layers, budgets, tables } = problem;
  return { path, layers: layers.length, metrics: Object.keys(tables), budgets: budgets.length, leftOut };
}
