import { type Command, Option } from 'commander';
import { BitbudgetError } from '../../../core/errors.ts';
import { DesignBuilder } from '../../../node/designs.ts';
import { type EvaluationConditions, FULL_PRECISION, readEvaluated } from '../../../node/evaluated-file.ts';
import { describeHost, disabledIds } from '../../../node/host.ts';
import { measuredAccuracy } from '../../../node/measured-accuracy.ts';
import { isModelFile } from '../../../node/model-files.ts';
import { type DrawnCandidate, drawAndRun } from '../../../node/predictor-draw.ts';
import { openWorkbench } from '../../../node/workbench.ts';
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
  weightsFlag,
  wholeNumber,
} from '../../options.ts';
import { chosenSpace, type SpaceFlags } from '../../search-space.ts';
import type { CliContext, Session } from '../../session.ts';

interface DrawFlags extends SpaceFlags, CalibrationOptions, DatasetFlags {
  weights?: string;
  pixels?: string;
  candidates: number;
  fullPrecision: number;
  seed: number;
  workers?: number;
  out: string;
  reuse?: string[];
}

/** Registers `bitbudget predictor draw`. */
export function registerDraw(predictor: Command, context: CliContext): void {
  const command = predictor
    .command('draw')
    .description('run candidates of a space for `predictor fit` to learn from')
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
    .addOption(
      new Option('--candidates <n>', 'quantized candidates to run').argParser(wholeNumber(1, 100_000)).default(200),
    )
    .addOption(
      new Option(
        '--full-precision <n>',
        'architectures to run in f32 first, for transfer; the quantized candidates are then drawn as APQ does',
      )
        .argParser(wholeNumber(0, 100_000))
        .default(0),
    )
    .addOption(seedFlag());
  for (const option of [...calibrationOptions(), ...normalisationOptions()]) command.addOption(option);
  for (const option of datasetOptions('images of the truth, of its calibration split as in a search', 250)) {
    command.addOption(option);
  }
  command
    .addOption(new Option('--workers <n>', 'threads; all cores unless given').argParser(wholeNumber(1, 256)))
    .addOption(new Option('--out <file>', 'every candidate with its accuracy, as JSON').default('accuracy.pairs.json'))
    .addOption(
      new Option('--reuse <file...>', 'such files, also one that was interrupted: what they tell of is not run again'),
    );
  context.handle<DrawFlags>(command, async (_, flags, session) => {
    const anyNetwork = command.getOptionValueSource('network') === 'default';
    const { network, drawn } = await runDraw(flags, anyNetwork, session);
    const count = (group: string) => drawn.filter((one) => one.group === group).length;
    const document = {
      ...{ pairs: flags.out, network, seed: flags.seed },
      ...{ candidates: drawn.length - count(FULL_PRECISION), fullPrecision: count(FULL_PRECISION) },
    };
    const whole = document.fullPrecision > 0 ? `, and ${document.fullPrecision} architectures in full precision` : '';
    const text = [
      `${document.candidates} quantized candidates of ${network}${whole}: ${flags.out}.`,
      `\`bitbudget predictor fit --evaluated ${flags.out}\` learns from them.`,
    ].join('\n');
    return { document, text: () => text };
  });
}

async function runDraw(
  flags: DrawFlags,
  anyNetwork: boolean,
  session: Session,
): Promise<{ network: string; drawn: DrawnCandidate[] }> {
  const { files, cancellation, progress: onProgress, note } = session;
  const { network, space: config } = await chosenSpace(flags, undefined, anyNetwork, session);
  const disabled = disabledIds(await describeHost());
  const images = imagesOf(flags);
  const calibration = { ...calibrationOf(flags), ...(images && { images }) };
  const workbench = await openWorkbench(network, {
    ...{ weightsFile: flags.weights, pixels: flags.pixels, preprocessing: preprocessingOf(flags) },
    ...{ calibration, disabled },
  });
  if (workbench.opened.remark) note(workbench.opened.remark);
  if (!workbench.opened.trained || (isModelFile(network) && flags.dataset === 'builtin')) {
    const problem = `The accuracy of ${network} on the images of ${flags.dataset} means nothing.`;
    throw new BitbudgetError('usage', problem, 'Give trained weights by --weights, and its own images by --dataset.');
  }
  const space = createSearchSpace(workbench.opened.network, config);
  const { weightsSha256 } = workbench.opened;
  const dataset = datasetSpecOf(flags, 'calibration');
  const conditions: EvaluationConditions = { network, weightsSha256, space: config, calibration, dataset };
  const known = { quantized: new Map<string, number>(), fullPrecision: new Map<string, number>() };
  for (const path of flags.reuse ?? []) {
    const own = await readEvaluated(files, path, conditions);
    for (const group of ['quantized', 'fullPrecision'] as const) {
      for (const [genome, loss] of own[group]) known[group].set(genome, loss);
    }
  }
  const { workers, candidates, fullPrecision, seed } = flags;
  const truth = measuredAccuracy(new DesignBuilder(workbench), { dataset, workers, disabled, cancellation });
  const keep = (drawn: readonly DrawnCandidate[]) =>
    files.writeAtomic(flags.out, `${JSON.stringify({ conditions, evaluated: drawn })}\n`);
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const request = { candidates, fullPrecision, seed };
  const drawn = await drawAndRun(space, request, truth, known, { onProgress, cancellation, pause }, keep);
  await keep(drawn);
  return { network, drawn };
}
