import { type Command, Option } from 'commander';
import { describeHost, disabledIds } from '../../node/host.ts';
import { isModelFile, runName } from '../../node/model-files.ts';
import { collectReport, reportedCandidate, writeReport } from '../../node/report-files.ts';
import {
  bestPosition,
  deviceLabels,
  evaluateFront,
  type FinishedSearch,
  schemesSpace,
  searchNetwork,
  spreadOver,
} from '../../node/search.ts';
import { type OpenedTable, openTable } from '../../node/tables.ts';
import { openWorkbench } from '../../node/workbench.ts';
import {
  type Budgets,
  budgetEntries,
  describeMetric,
  parseSpaceConfig,
  type SpaceConfigInput,
} from '../../space/index.ts';
import { frontFile, type StudySettings } from '../../study/index.ts';
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
  schemesOf,
  weightsFlag,
  wholeNumber,
} from '../options.ts';
import { refuseStrayFlags, searchProblem } from '../problem-search.ts';
import { addStudyOptions, type StudyOptions, studySettings } from '../search-options.ts';
import type { CliContext, Session } from '../session.ts';
import { renderTable } from '../table.ts';
import { percent } from '../validation-text.ts';

/** Candidates of the front that the table and the report show. */
const SHOWN = 16;

interface SearchFlags extends StudyOptions, SchemeOptions, CalibrationOptions, DatasetFlags {
  network: string;
  weights?: string;
  pixels?: string;
  lut?: string[];
  space?: string;
  ends: 'fixed' | 'free';
  out?: string;
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
    .addOption(pixelsFlag())
    .addOption(new Option('--lut <file...>', 'the tables, one a device; the newest of this device unless given'))
    .addOption(new Option('--space <file>', 'what to choose from, as YAML or JSON; bits alone unless given'));
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
  context.handle<SearchFlags>(command, async (_, flags, session) => {
    refuseStrayFlags({ ...flags });
    if (flags.problem !== undefined) {
      const chosen = command.getOptionValueSource('objectives') !== 'default';
      const objectives = chosen ? flags.objectives : undefined;
      return searchProblem({ ...flags, problem: flags.problem, objectives }, session);
    }
    const { files, cancellation, progress: onProgress, note } = session;
    const { network, space } = await chosenSpace(flags, session);
    studySettings({ ...flags, ...NO_BUDGETS }); // what is wrong with the other flags is said before anything is tested
    const host = await describeHost();
    const tables: OpenedTable[] = [];
    for (const path of flags.lut ?? [undefined]) tables.push(await openTable(files, path, host.device));
    const settings = studySettings(flags, deviceLabels(tables));
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
    const { resume = false, space: spaceFile } = flags;
    const request = { settings, space, spaceFile, folder, resume, version: context.io.version };
    const surroundings = { files, cancellation, onProgress };
    let search = await searchNetwork(workbench, tables, request, surroundings);
    if (isModelFile(network) && flags.dataset === 'builtin') {
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
      document: describeDocument(search, settings),
      text: () => `${describeSearch(search, settings)}\nReport: ${page}`,
    };
  });
}

const NO_BUDGETS = {
  latencyBudgetMs: undefined,
  energyBudgetMj: undefined,
  sizeBudgetKib: undefined,
  ramBudgetKib: undefined,
  macsBudget: undefined,
  bitopsBudget: undefined,
};

/** The space of the file, or that of the scheme flags; a file may name its network. */
async function chosenSpace(
  flags: SearchFlags,
  { files }: Session,
): Promise<{ network: string; space: SpaceConfigInput }> {
  const { network, space: path, ends } = flags;
  if (path === undefined) return { network, space: schemesSpace(schemesOf(flags), ends) };
  const space = parseSpaceConfig(await files.readText(path), path);
  return { network: space.network ?? network, space };
}

function describeDocument(search: FinishedSearch, { seed, budgets }: StudySettings) {
  const { study, candidates } = search;
  const entry = (i: number) => {
    const { genome, predicted, measured } = candidates[i];
    return {
      genome,
      metrics: { ...predicted, loss: study.front[i].loss, measured },
      feasible: study.front[i].feasible,
    };
  };
  return {
    folder: study.folder,
    evaluations: study.evaluations,
    seed,
    front: candidates.map((_, i) => entry(i)),
    best: { [budgetName(budgets)]: entry(bestPosition(search)) },
    rejections: study.rejections,
    hypervolume: study.hypervolume,
  };
}

/** A name for a set of budgets, such as `latencyMs=0.5`. */
function budgetName(budgets: Budgets): string {
  return (
    budgetEntries(budgets)
      .map(([metric, limit]) => `${metric}=${limit}`)
      .join(',') || 'none'
  );
}

function describeSearch(search: FinishedSearch, settings: StudySettings): string {
  const { study, candidates, evaluated } = search;
  const shown = spreadOver(candidates.length, SHOWN);
  const table = renderTable(
    [
      { title: 'candidate' },
      { title: 'latency ms', align: 'right' },
      { title: 'energy mJ', align: 'right' },
      { title: 'size KiB', align: 'right' },
      { title: 'RAM KiB', align: 'right' },
      { title: 'proxy loss', align: 'right' },
      { title: 'top-1', align: 'right' },
    ],
    shown.map((i) => {
      const { latencyMs, energyMj, sizeBytes, ramBytes } = candidates[i].predicted;
      const top1 = evaluated[i];
      return [
        frontFile(i),
        latencyMs.value.toFixed(3),
        `${energyMj.value.toFixed(3)} ${energyMj.source}`,
        (sizeBytes / 1024).toFixed(1),
        (ramBytes / 1024).toFixed(1),
        study.front[i].loss.toPrecision(3),
        top1 ? `${percent(top1.top1)} (${percent(top1.low)}–${percent(top1.high)})` : '',
      ];
    }),
  );
  const limits = budgetEntries(settings.budgets).map(([metric, limit]) => describeMetric(metric, limit));
  const best = bestPosition(search);
  return [
    `${study.evaluations} candidates evaluated${limits.length > 0 ? ` under ${limits.join(', ')}` : ''}; ${candidates.length} on the front, ${study.folder}:`,
    '',
    table,
    '',
    ...describeRejections(study.rejections),
    `Most accurate: ${study.folder}/${frontFile(best)}. Latency is predicted; \`bitbudget verify\` measures it.`,
  ].join('\n');
}

function describeRejections(rejections: Readonly<Record<string, number>>): string[] {
  const reasons = Object.entries(rejections).map(([reason, count]) => `${count} ${reason}`);
  return reasons.length > 0
    ? [`Genomes that broke a budget before they were brought inside: ${reasons.join(', ')}.`]
    : [];
}
