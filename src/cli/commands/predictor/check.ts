import { type Command, Option } from 'commander';
import { readPredictor, type StoredPredictor } from '../../../accuracy/predictor/file.ts';
import type { Correlation } from '../../../accuracy/ranking/rank-agreement.ts';
import { BitbudgetError } from '../../../core/errors.ts';
import type { CalibrationSettings } from '../../../node/calibrated-source.ts';
import { DesignBuilder } from '../../../node/designs.ts';
import { describeHost, disabledIds } from '../../../node/host.ts';
import { measuredAccuracy } from '../../../node/measured-accuracy.ts';
import { isModelFile } from '../../../node/model-files.ts';
import { checkPredictor, type PredictorCheck } from '../../../node/predictor.ts';
import { calibrationSchema } from '../../../node/predictor-runs.ts';
import { openWorkbench } from '../../../node/workbench.ts';
import {
  type DatasetFlags,
  datasetOptions,
  datasetSpecOf,
  normalisationOptions,
  preprocessingOf,
} from '../../dataset-options.ts';
import { pixelsFlag, seedFlag, weightsFlag, wholeNumber } from '../../options.ts';
import type { CliContext } from '../../session.ts';

interface CheckFlags extends DatasetFlags {
  predictor: string;
  network?: string;
  weights?: string;
  pixels?: string;
  candidates: number;
  seed: number;
  workers?: number;
}

/** Registers `bitbudget predictor check`. */
export function registerCheck(predictor: Command, context: CliContext): void {
  const command = predictor
    .command('check')
    .description('run fresh candidates, and tell how far a predictor was from the truth')
    .addOption(new Option('--predictor <file>', 'of `predictor fit`').makeOptionMandatory())
    .addOption(new Option('--network <name>', "the predictor's own unless given, such as where a model file has moved"))
    .addOption(weightsFlag())
    .addOption(pixelsFlag())
    .addOption(new Option('--candidates <n>', 'fresh ones to run').argParser(wholeNumber(10, 10_000)).default(60))
    .addOption(seedFlag());
  for (const option of normalisationOptions()) command.addOption(option);
  for (const option of datasetOptions('images of the truth, of its calibration split as in a search', 250)) {
    command.addOption(option);
  }
  command.addOption(new Option('--workers <n>', 'threads; all cores unless given').argParser(wholeNumber(1, 256)));
  context.handle<CheckFlags>(command, async (_, flags, session) => {
    const { files, progress: onProgress, cancellation, note } = session;
    const stored = await readPredictor(files, flags.predictor);
    const network = flags.network ?? stored.network;
    const disabled = disabledIds(await describeHost());
    const workbench = await openWorkbench(network, {
      ...{ weightsFile: flags.weights, pixels: flags.pixels, preprocessing: preprocessingOf(flags) },
      ...{ calibration: calibrationIn(stored, flags.predictor), disabled },
    });
    if (workbench.opened.remark) note(workbench.opened.remark);
    if (!workbench.opened.trained || (isModelFile(network) && flags.dataset === 'builtin')) {
      const problem = `The accuracy of ${network} on the images of ${flags.dataset} means nothing.`;
      throw new BitbudgetError('usage', problem, 'Give trained weights by --weights, and its own images by --dataset.');
    }
    const dataset = datasetSpecOf(flags, 'calibration');
    const truth = measuredAccuracy(new DesignBuilder(workbench), {
      ...{ dataset, workers: flags.workers, disabled, cancellation },
    });
    const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
    const { candidates, seed } = flags;
    const check = await checkPredictor(
      workbench,
      stored,
      truth,
      { candidates, seed },
      { onProgress, cancellation, pause },
    );
    const learned = stored.model.pairs.losses.length;
    const document = { predictor: flags.predictor, network, learned, dataset: flags.dataset, ...check };
    return { document, text: () => describe(check, learned) };
  });
}

function calibrationIn({ calibration }: StoredPredictor, path: string): CalibrationSettings {
  const result = calibrationSchema.safeParse(calibration);
  if (result.success) return result.data;
  const [{ path: place, message }] = result.error.issues;
  const problem = `${path} has no calibration: ${place.join('.')}: ${message}.`;
  throw new BitbudgetError('damaged-file', problem, 'Make it anew with `bitbudget predictor fit`.');
}

function describe(check: PredictorCheck, learned: number): string {
  const share = (value: number) => `${Math.round(100 * value)}%`;
  return [
    `${check.candidates} fresh candidates, by a predictor that learned from ${learned}:`,
    `  mean absolute error  ${(100 * check.meanAbsoluteError).toFixed(2)} points of accuracy`,
    `  Spearman's ρ         ${shown(check.spearman)}`,
    `  Kendall's τ          ${shown(check.kendall)}`,
    `  within 1 deviation   ${share(check.within68)} (68% where the uncertainty is right)`,
    `  within 1.96          ${share(check.within95)} (95%)`,
  ].join('\n');
}

function shown({ value, low, high }: Correlation): string {
  const digits = (number: number | null) => number?.toFixed(3) ?? 'none';
  return `${digits(value)} (95% interval ${digits(low)} to ${digits(high)})`;
}
