import { type Command, Option } from 'commander';
import { BitbudgetError } from '../../core/errors.ts';
import type { DesignBuilder } from '../../node/designs.ts';
import { describeHost, disabledIds } from '../../node/host.ts';
import { measuredAccuracy } from '../../node/measured-accuracy.ts';
import { collectReport, reportedCandidate, writeReport } from '../../node/report-files.ts';
import { deviceLabels, evaluateFront, searchNetwork, spreadOver } from '../../node/search.ts';
import { type OpenedTable, openTable } from '../../node/tables.ts';
import { openWorkbench, type Workbench } from '../../node/workbench.ts';
import { APQ_EVOLUTION, findPreset, PRESETS } from '../../study/index.ts';
import {
  type CalibrationOptions,
  calibrationOf,
  calibrationOptions,
  networkFlag,
  type SchemeOptions,
  schemeOptions,
  weightsFlag,
  wholeNumber,
} from '../options.ts';
import { refuseStrayFlags, searchProblem } from '../problem-search.ts';
import { addStudyOptions, type StudyOptions, studySettings, withPreset } from '../search-options.ts';
import { chosenSpace, NO_BUDGETS, orInterpolate, searchApqSpace, timeLimit } from '../search-space.ts';
import { describeDocument, describeSearch, SHOWN } from '../search-text.ts';
import type { CliContext } from '../session.ts';

interface SearchFlags extends StudyOptions, SchemeOptions, CalibrationOptions {
  network: string;
  weights?: string;
  lut?: string[];
  space?: string;
  preset?: string;
  accuracy: 'proxy' | 'measured';
  accuracySamples: number;
  interpolate?: boolean;
  ends: 'fixed' | 'free';
  out?: string;
  dataset: string;
  samples: number;
  evaluateFront: number;
  workers?: number;
  resume?: boolean;
  problem?: string;
  budget?: string;
  algorithm?: 'nsga2' | 'nsga3';
}

/** `bitbudget search`: mixed-precision candidates under budgets, as a run folder. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('search')
    .description('search mixed-precision candidates under budgets with a table; writes a run folder')
    .addOption(networkFlag())
    .addOption(weightsFlag())
    .addOption(new Option('--lut <file...>', 'the tables, one a device; the newest of this device unless given'))
    .addOption(
      new Option(
        '--space <file>',
        'what to choose from: a YAML or JSON file or the name of a preset; bits alone unless given',
      ),
    )
    .addOption(
      new Option('--preset <name>', 'a published search: its space, numbers and outputs').choices(
        PRESETS.map(({ name }) => name),
      ),
    )
    .addOption(new Option('--interpolate', 'price shapes that the tables lack from those that they hold'))
    .addOption(
      new Option('--accuracy <how>', 'during the search: predicted, or every candidate run')
        .choices(['proxy', 'measured'])
        .default('proxy'),
    )
    .addOption(
      new Option('--accuracy-samples <n>', 'images on which candidates are run then')
        .argParser(wholeNumber(1, 100_000))
        .default(250),
    );
  for (const option of schemeOptions()) command.addOption(option);
  command.addOption(
    new Option('--ends <how>', 'first and last layer: w8a8, or searched too')
      .choices(['fixed', 'free'])
      .default('fixed'),
  );
  addStudyOptions(command);
  for (const option of calibrationOptions()) command.addOption(option);
  command
    .addOption(new Option('--out <folder>', 'the run folder; runs/<network>-<date> unless given'))
    .addOption(new Option('--dataset <name>', 'test images for the accuracy of the front').default('builtin'))
    .addOption(new Option('--samples <n>', 'how many of them').argParser(wholeNumber(1)).default(1000))
    .addOption(
      new Option('--evaluate-front <n>', 'candidates of the front to run on them')
        .argParser(wholeNumber(0))
        .default(16),
    )
    .addOption(new Option('--workers <n>', 'threads for that; all cores unless given').argParser(wholeNumber(1, 256)))
    .addOption(new Option('--resume', "go on from the run folder's checkpoint"))
    .addOption(
      new Option('--problem <file>', 'instead of a network, an allocation problem (mpa-1); its loss is a black box'),
    )
    .addOption(new Option('--budget <name>', 'with --problem: the budget of the file that every evaluation keeps'))
    .addOption(
      new Option('--algorithm <name>', 'with --problem and several objectives: nsga3 unless given').choices([
        'nsga3',
        'nsga2',
      ]),
    );
  context.handle<SearchFlags>(command, async (_, given, session) => {
    refuseStrayFlags({ ...given });
    const isDefault = (name: string) => command.getOptionValueSource(name) === 'default';
    if (given.problem !== undefined) {
      const objectives = isDefault('objectives') ? undefined : given.objectives;
      return searchProblem({ ...given, problem: given.problem, objectives }, session);
    }
    const { files, cancellation, progress: onProgress, note } = session;
    const preset = given.preset === undefined ? undefined : findPreset(given.preset);
    const flags = withPreset(given, preset, isDefault);
    if (preset === APQ_EVOLUTION) return searchApqSpace(flags, isDefault('network'), session, context.io.version);
    const { network, space } = await chosenSpace(flags, preset, isDefault('network'), session);
    studySettings({ ...flags, ...NO_BUDGETS }, [], preset); // a wrong flag is named before anything is tested
    const host = await describeHost();
    const tables: OpenedTable[] = [];
    for (const path of flags.lut ?? [undefined]) tables.push(await openTable(files, path, host.device));
    const settings = studySettings(flags, deviceLabels(tables), preset);
    const [opened] = tables;
    const disabled = disabledIds(host);
    const calibration = calibrationOf(flags);
    const workbench = await openWorkbench(network, { weightsFile: flags.weights, calibration, disabled });
    const folder = flags.out ?? `runs/${network}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
    const { resume = false, interpolate, workers } = flags;
    const measuredAs = preset?.name ?? flags.space;
    if (flags.accuracy === 'measured') assertTrained(workbench.opened);
    const images = { name: flags.dataset, split: 'calibration' as const, samples: flags.accuracySamples };
    const accuracy = (builder: DesignBuilder) =>
      measuredAccuracy(builder, { dataset: images, workers, disabled, cancellation });
    const request = {
      ...{ settings, space, measuredAs, preset, interpolate, folder, resume, version: context.io.version },
      ...(flags.accuracy === 'measured' && { accuracy }),
    };
    const surroundings = { files, cancellation, onProgress, ...timeLimit(flags, session) };
    let search = await searchNetwork(workbench, tables, request, surroundings).catch((error) => {
      throw interpolate ? error : orInterpolate(error);
    });
    if (flags.evaluateFront > 0 && workbench.opened.trained) {
      const positions = spreadOver(search.candidates.length, flags.evaluateFront);
      const dataset = { name: flags.dataset, split: 'test' as const, samples: flags.samples };
      const options = { ...surroundings, workers: flags.workers, disabled };
      search = await evaluateFront(search, positions, dataset, options);
    } else if (!workbench.opened.trained) {
      note(`${network} has seeded weights: accuracy is not measured, and the proxy ranks noise only.`);
    }
    const report = collectReport({
      ...{ workbench, opened, search, version: context.io.version, seed: settings.seed, dataset: flags.dataset },
      latencyBudgetMs: settings.budgets.latencyMs ?? settings.budgets[`latencyMs@${opened.table.device.id}`],
      networks: spreadOver(search.candidates.length, SHOWN).map((position) => reportedCandidate(search, position)),
      command: `bitbudget search --network ${network} …, all settings in config.json`,
    });
    const page = await writeReport(files, folder, report);
    return {
      document: describeDocument(search, settings, flags.pick),
      text: () => `${describeSearch(search, settings, flags.pick)}\nReport: ${page}`,
    };
  });
}

/** Refuses to rank candidates by what seeded weights get right. */
function assertTrained({ network, trained }: Workbench['opened']): void {
  if (trained) return;
  const remedy = 'Give trained ones by --weights, from `bitbudget train`, or leave --accuracy at proxy.';
  throw new BitbudgetError(
    'usage',
    `${network.name} has no trained weights, so that its accuracy means nothing.`,
    remedy,
  );
}
