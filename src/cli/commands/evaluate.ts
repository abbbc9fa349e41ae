import { type Command, Option } from 'commander';
import { assertDatasetFits, expectedImages } from '../../accuracy/dataset-fit.ts';
import { BitbudgetError } from '../../core/errors.ts';
import type { DatasetSpec } from '../../data/open.ts';
import { NO_REDUCTION } from '../../network/reduce/index.ts';
import type { Shape } from '../../network/types.ts';
import type { CalibrationSettings } from '../../node/calibrated-source.ts';
import { openDatasetOnDisk } from '../../node/dataset-files.ts';
import { candidateDesign, DesignBuilder } from '../../node/designs.ts';
import { evaluateNetworks } from '../../node/evaluate.ts';
import { describeHost, disabledIds } from '../../node/host.ts';
import { isModelFile } from '../../node/model-files.ts';
import { openGraph } from '../../node/open-network.ts';
import { openWorkbench } from '../../node/workbench.ts';
import { parseCandidate } from '../../quant/candidate.ts';
import type { Rounding } from '../../quant/quantize.ts';
import type { Scheme } from '../../quant/scheme.ts';
import { uniformSchemes } from '../../quant/tensor-plan.ts';
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
  schemesOf,
  weightsFlag,
  wholeNumber,
} from '../options.ts';
import type { CliContext, Session } from '../session.ts';
import { percent } from '../validation-text.ts';

interface EvaluateFlags extends CalibrationOptions, DatasetFlags {
  network: string;
  weights?: string;
  pixels?: string;
  rounding: Rounding;
  candidate?: string;
  schemes: string;
  workers?: number;
}

/** `bitbudget evaluate`: top-1 accuracy of a candidate or of one scheme throughout, by running it. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('evaluate')
    .description('run a quantized network over a dataset: top-1 with its 95% interval')
    .addOption(networkFlag())
    .addOption(weightsFlag())
    .addOption(pixelsFlag())
    .addOption(new Option('--candidate <file>', 'a candidate of a search, with its own network and calibration'))
    .addOption(
      new Option('--schemes <scheme>', 'one scheme for all layers but the first and the last').default('w8a8'),
    );
  for (const option of [...calibrationOptions(), ...normalisationOptions()]) command.addOption(option);
  command.addOption(
    new Option('--rounding <how>', 'of a model that is int8 already: once, or in fixed point as TFLite does')
      .choices(['once', 'tflite'])
      .default('once'),
  );
  for (const option of datasetOptions('test images')) command.addOption(option);
  command.addOption(new Option('--workers <n>', 'threads; all cores unless given').argParser(wholeNumber(1, 256)));
  context.handle<EvaluateFlags>(command, async (_, flags, session) => {
    const chosen = await chooseNetwork(flags, session);
    const { dataset } = chosen;
    if (!chosen.trained) session.note(`${chosen.name} has seeded weights: its accuracy means nothing.`);
    if (isModelFile(chosen.name) && flags.dataset === 'builtin') {
      session.note(`The built-in images are not what ${chosen.name} was made for: --dataset names its test images.`);
    }
    const { cancellation, progress: onProgress } = session;
    const options = { dataset, workers: flags.workers, disabled: chosen.disabled, onProgress, cancellation };
    const [result] = await evaluateNetworks([chosen.quantized], options);
    const document = { network: chosen.name, ...result, dataset: flags.dataset };
    const interval = `${percent(result.low)} to ${percent(result.high)}`;
    const text = `${chosen.name} ${chosen.description}: top-1 ${percent(result.top1)} (95% interval ${interval}) on ${result.samples} images of ${flags.dataset}`;
    return { document, text: () => text };
  });
}

async function chooseNetwork(flags: EvaluateFlags, { files, note }: Session) {
  const candidate = flags.candidate && parseCandidate(await files.readText(flags.candidate), flags.candidate);
  const name = candidate ? candidate.network : flags.network;
  const images = candidate ? candidate.quantization.images : imagesOf(flags);
  const calibration = candidate ? candidate.quantization : { ...calibrationOf(flags), ...(images && { images }) };
  const preprocessing = candidate ? candidate.preprocessing : preprocessingOf(flags);
  const scheme = uniformScheme(flags.schemes);
  const graph = await openGraph(name);
  const dataset: DatasetSpec = { expected: expectedImages(graph), ...datasetSpecOf(flags, 'test'), images };
  assertDatasetFits(graph, openDatasetOnDisk(dataset)); // before the kernels are tested and calibration runs
  warnOfTestImages(calibration, graph.inputShape, note);
  const disabled = disabledIds(await describeHost());
  const { weights: weightsFile, pixels, rounding } = flags;
  const workbench = await openWorkbench(name, {
    ...{ weightsFile, pixels, preprocessing, calibration, disabled, rounding },
  });
  if (workbench.opened.remark) note(workbench.opened.remark);
  if (candidate && candidate.weightsSha256 !== workbench.opened.weightsSha256) {
    const problem = `${flags.candidate} was made with other weights of ${name}.`;
    throw new BitbudgetError('mismatch', problem, 'Name the weights file that it was made with by --weights.');
  }
  const design = candidate
    ? candidateDesign(workbench.opened.network, candidate)
    : { reduction: NO_REDUCTION, schemes: uniformSchemes(workbench.folded, scheme) };
  const quantized = new DesignBuilder(workbench).quantize(design);
  const description = flags.candidate ?? flags.schemes;
  return { name, quantized, dataset, disabled, description, trained: workbench.opened.trained };
}

/** Ranges observed on the very images that are to judge flatter a little; nothing is said where others were there. */
function warnOfTestImages({ dataset, images }: CalibrationSettings, shape: Shape, note: Session['note']): void {
  const seen = openDatasetOnDisk({ name: dataset, split: 'calibration', images, expected: { shape } });
  if (seen.name !== `${dataset}-test`) return;
  note(`${dataset} holds test images alone, and calibration sees some of them; --calibration-dataset names others.`);
}

function uniformScheme(text: string): Scheme {
  const [scheme, second] = schemesOf({ schemes: text, bits: '' });
  if (second === undefined) return scheme;
  throw new BitbudgetError('usage', `--schemes ${text} names more than one scheme.`, 'Evaluate one scheme at a time.');
}
