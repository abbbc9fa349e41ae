import { type Command, Option } from 'commander';
import { readPredictor } from '../../accuracy/predictor/file.ts';
import { BitbudgetError } from '../../core/errors.ts';
import type { DesignBuilder } from '../../node/designs.ts';
import { readDevice } from '../../node/device.ts';
import { describeHost, disabledIds } from '../../node/host.ts';
import { measuredAccuracy } from '../../node/measured-accuracy.ts';
import { isModelFile, runName } from '../../node/model-files.ts';
import { predictedAccuracy } from '../../node/predictor.ts';
import { collectReport, reportedCandidate, writeReport } from '../../node/report-files.ts';
import { deviceLabels, evaluateFront, searchNetwork, spreadOver } from '../../node/search.ts';
import { openTables } from '../../node/tables.ts';
import { openWorkbench, type Workbench } from '../../node/workbench.ts';
import type { SearchSpace } from '../../space/index.ts';
import { APQ_EVOLUTION, findPreset, PRESETS } from '../../study/index.ts';
import {
  type DatasetFlags,
  datasetOptions,
  datasetSpecOf,
  imagesOf,
  normalisationOptions,
  preprocessingOf,
} from '../dataset-options.ts';
import {
  type CalibrationOptions,
  calibrationOf,
  calibrationOptions,
  networkFlag,
  pixelsFlag,
  type SchemeOptions,
  schemeOptions,
  threadsFlag,
  weightsFlag,
  wholeNumber,
} from '../options.ts';
import { refuseStrayFlags, searchProblem } from '../problem-search.ts';
import { addStudyOptions, type StudyOptions, studySettings, withPreset } from '../search-options.ts';
import { chosenSpace, NO_BUDGETS, orInterpolate, searchApqSpace, timeLimit } from '../search-space.ts';
import { describeDocument, describeSearch, SHOWN } from '../search-text.ts';
import type { CliContext } from '../session.ts';

interface SearchFlags extends StudyOptions, SchemeOptions, CalibrationOptions, DatasetFlags {
  network: string;
  weights?: string;
  pixels?: string;
  lut?: string[];
  space?: string;
  preset?: string;
  accuracy: 'proxy' | 'measured';
  accuracySamples: number;
  predictor?: string;
  interpolate?: boolean;
  ends: 'fixed' | 'free';
  out?: string;
  samples: number;
  evaluateFront: number;
  threads: number;
  workers?: number;
  resume?: boolean;
  problem?: string;
  budget?: string;
}

/** `bitbudget search`: mixed-precision candidates under budgets, as a run folder. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('search')
    .description('search mixed-precision candidates under budgets with a table; writes a run folder')
    .addOption(networkFlag())
    .addOption(weightsFlag())
    .addOption(pixelsFlag())
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
  command.addOption(
    new Option('--predictor <file>', 'accuracy during the search by a predictor of this space, from `predictor fit`'),
  );
  for (const option of schemeOptions()) command.addOption(option);
  command.addOption(
    new Option('--ends <how>', 'first and last layer: w8a8, or searched too')
      .choices(['fixed', 'free'])
      .default('fixed'),
  );
  addStudyOptions(command);
  for (const option of [...calibrationOptions(), ...normalisationOptions()]) command.addOption(option);
  for (const option of datasetOptions('test images for the accuracy of the front', 1000)) command.addOption(option);
  command
    .addOption(new Option('--out <folder>', 'the run folder; runs/<network>-<date> unless given'))
    .addOption(
      new Option('--evaluate-front <n>', 'candidates of the front to run on them')
        .argParser(wholeNumber(0))
        .default(16),
    )
    .addOption(threadsFlag('threads that share each layer, in every table'))
    .addOption(new Option('--workers <n>', 'threads for that; all cores unless given').argParser(wholeNumber(1, 256)))
    .addOption(new Option('--resume', "go on from the run folder's checkpoint"))
    .addOption(
      new Option('--problem <file>', 'instead of a network, an allocation problem (mpa-1); its loss is a black box'),
    )
    .addOption(new Option('--budget <name>', 'with --problem: the budget of the file that every evaluation keeps'));
  context.handle<SearchFlags>(command, async (_, given, session) => {
    refuseStrayFlags({ ...given });
    const isDefault = (name: string) => command.getOptionValueSource(name) === 'default';
    if (given.problem !== undefined) {
      const objectives = isDefault('objectives') ? undefined : given.objectives;
      return searchProblem({ ...given, problem: given.problem, objectives }, session);
    }
    const { files, cancellation, progress: onProgress, note } = session;
    if (given.predictor !== undefined && given.accuracy === 'measured') {
      const problem = '--predictor and --accuracy measured both say where accuracies come from.';
      throw new BitbudgetError('usage', problem, 'Leave one of them out.');
    }
    const preset = given.preset === undefined ? undefined : findPreset(given.preset);
    const flags = withPreset(given, preset, isDefault);
    if (preset === APQ_EVOLUTION) return searchApqSpace(flags, isDefault('network'), session, context.io.version);
    const { network, space } = await chosenSpace(flags, preset, isDefault('network'), session);
    studySettings({ ...flags, ...NO_BUDGETS }, [], preset); // a wrong flag is named before anything is tested
    const tables = await openTables(files, flags.lut, readDevice(), flags.threads);
    const host = await describeHost();
    const settings = studySettings(flags, deviceLabels(tables), preset);
    const [opened] = tables;
    const disabled = disabledIds(host);
    const images = imagesOf(flags);
    const preprocessing = preprocessingOf(flags);
    const calibration = { ...calibrationOf(flags), ...(images && { images }) };
    const workbench = await openWorkbench(network, {
      ...{ weightsFile: flags.weights, pixels: flags.pixels, preprocessing, calibration, disabled },
    });
    if (workbench.opened.remark) note(workbench.opened.remark);
    const folder =
      flags.out ?? `runs/${runName(network)}-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
    const { resume = false, interpolate, workers } = flags;
    const spaceFile = preset?.name ?? flags.space;
    const foreign = isModelFile(network) && flags.dataset === 'builtin';
    if (flags.accuracy === 'measured') assertMeasurable(workbench.opened, foreign);
    const predictor = flags.predictor === undefined ? undefined : await readPredictor(files, flags.predictor);
    const tried = { ...datasetSpecOf(flags, 'calibration'), samples: flags.accuracySamples };
    const accuracy = (builder: DesignBuilder) =>
      measuredAccuracy(builder, { dataset: tried, workers, disabled, cancellation });
    const request = {
      ...{ settings, space, spaceFile, preset, interpolate, folder, resume, version: context.io.version },
      ...{ proxies: { proxy: flags.proxy, architectureProxy: flags.architectureProxy } },
      ...(flags.accuracy === 'measured' && { accuracy }),
      ...(predictor && {
        accuracy: (_: DesignBuilder, own: SearchSpace) =>
          predictedAccuracy(predictor, own, workbench, { cancellation }),
      }),
    };
    const surroundings = { files, cancellation, onProgress, ...timeLimit(flags, session) };
    let search = await searchNetwork(workbench, tables, request, surroundings).catch((error) => {
      throw interpolate ? error : orInterpolate(error);
    });
    if (foreign) {
      note(`The built-in images are not what ${network} was made for: --dataset names its test images.`);
    } else if (flags.evaluateFront > 0 && workbench.opened.trained) {
      const positions = spreadOver(search.candidates.length, flags.evaluateFront);
      const dataset = datasetSpecOf(flags, 'test');
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

/** Refuses to rank candidates by what seeded weights get right, or by images that the network was not made for. */
function assertMeasurable({ network, trained }: Workbench['opened'], foreign: boolean): void {
  if (trained && !foreign) return;
  const problem = foreign
    ? `The built-in images are not what ${network.name} was made for, so that its accuracy on them means nothing.`
    : `${network.name} has no trained weights, so that its accuracy means nothing.`;
  const remedy = foreign
    ? 'Name its own images by --dataset, or leave --accuracy at proxy.'
    : 'Give trained ones by --weights, from `bitbudget train`, or leave --accuracy at proxy.';
  throw new BitbudgetError('usage', problem, remedy);
}
