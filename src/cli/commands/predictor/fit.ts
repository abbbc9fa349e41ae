import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_ENSEMBLE } from '../../../accuracy/predictor/ensemble.ts';
import { writePredictor } from '../../../accuracy/predictor/file.ts';
import { findBitProxy } from '../../../accuracy/proxies/index.ts';
import { BitbudgetError } from '../../../core/errors.ts';
import { describeHost, disabledIds } from '../../../node/host.ts';
import { fitToRuns } from '../../../node/predictor.ts';
import { type DrawnPairs, readDrawnPairs } from '../../../node/predictor-pairs.ts';
import { readRunPairs } from '../../../node/predictor-runs.ts';
import { DEFAULT_BIT_PROXY, DEFAULT_PROXIES } from '../../../node/space-proxy.ts';
import { openWorkbench } from '../../../node/workbench.ts';
import { type ImageFlags, normalisationOptions, preprocessingOf } from '../../dataset-options.ts';
import { pixelsFlag, seedFlag, weightsFlag, wholeNumber } from '../../options.ts';
import type { CliContext, Session } from '../../session.ts';

interface FitFlags extends Pick<ImageFlags, 'mean' | 'std'> {
  run?: string[];
  reports?: string[];
  evaluated?: string[];
  transfer: boolean;
  weights?: string;
  pixels?: string;
  proxy: string;
  hidden: number[];
  members: number;
  lowFidelity: number | 'each';
  seed: number;
  out: string;
}

/** Candidates that are looked at unless the flag says otherwise: a minute or two for a small network. */
const DEFAULT_LOOKED = 1000;

/** Registers `bitbudget predictor fit`. */
export function registerFit(predictor: Command, context: CliContext): void {
  const command = predictor
    .command('fit')
    .description(
      'learn accuracy from candidates that were run: by `predictor draw`, or by searches with --accuracy measured',
    )
    .addOption(new Option('--run <folder...>', 'run folders of one space of one network'))
    .addOption(new Option('--reports <file...>', 'reports.csv files instead, each beside its config.json'))
    .addOption(
      new Option(
        '--evaluated <file...>',
        'files of `predictor draw` or `proxy check --out`, of one space of one network',
      ),
    )
    .addOption(
      new Option(
        '--no-transfer',
        'learn from the quantized candidates alone, though the files hold some in full precision',
      ),
    )
    .addOption(weightsFlag())
    .addOption(pixelsFlag())
    .addOption(
      new Option('--proxy <name>', 'an additive proxy that it learns to correct; none for no such help').default(
        DEFAULT_BIT_PROXY,
      ),
    )
    .addOption(
      new Option('--hidden <list>', 'units of each hidden layer')
        .argParser(hiddenUnits)
        .default(DEFAULT_ENSEMBLE.hidden, DEFAULT_ENSEMBLE.hidden.join()),
    )
    .addOption(
      new Option('--members <n>', 'networks of the ensemble, each with a part of the candidates held out')
        .argParser(wholeNumber(2, 32))
        .default(DEFAULT_ENSEMBLE.members),
    )
    .addOption(
      new Option(
        '--low-fidelity <n>',
        'further candidates to run on 32 calibration images, without labels: what they lose together guides the predictor; or each: the candidates themselves on up to 64 images, and later each one that is predicted, which ranks best but takes that long',
      )
        .argParser(lookedAt)
        .default(DEFAULT_LOOKED),
    )
    .addOption(seedFlag());
  for (const option of normalisationOptions()) command.addOption(option);
  command.addOption(new Option('--out <file>', 'the predictor').default('accuracy.predictor.json'));
  context.handle<FitFlags>(command, async (_, flags, session) => {
    const { files, progress: onProgress, cancellation, note } = session;
    if (flags.proxy !== 'none') findBitProxy(flags.proxy);
    const source = await pairsOf(files, flags);
    const { fullPrecision, ...quantized } = source;
    const runs = flags.transfer ? source : quantized;
    const workbench = await openWorkbench(runs.network, {
      ...{ weightsFile: flags.weights, pixels: flags.pixels, preprocessing: preprocessingOf(flags) },
      ...{ calibration: runs.calibration, disabled: disabledIds(await describeHost()) },
    });
    if (workbench.opened.remark) note(workbench.opened.remark);
    const choice = flags.proxy === 'none' ? undefined : { ...DEFAULT_PROXIES, proxy: flags.proxy };
    const { hidden, members, seed, lowFidelity: looked } = flags;
    const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
    const surroundings = { onProgress, cancellation, pause };
    const fitted = await fitToRuns(workbench, runs, choice, { hidden, members, seed, looked }, surroundings);
    await writePredictor(files, flags.out, fitted);
    const { heldOut, model } = fitted;
    const document = {
      ...{ predictor: flags.out, network: runs.network, candidates: model.pairs.losses.length },
      ...(fitted.fullPrecisionPairs && { fullPrecision: fitted.fullPrecisionPairs }),
      ...{ heldOutError: heldOut, ensembleShare: model.blend },
    };
    const learned = document.fullPrecision
      ? `${document.fullPrecision} candidates in full precision, then ${document.candidates} quantized ones`
      : `${document.candidates} candidates`;
    const points = (error: number) => (100 * error).toFixed(2);
    const text = [
      `Learned from ${learned} of ${runs.network}; mean error on held-out ones ${points(heldOut.blend)} points`,
      `(networks alone ${points(heldOut.ensemble)}, Gaussian process alone ${points(heldOut.process)}; share of the networks ${model.blend}).`,
      `Predictor: ${flags.out}. \`bitbudget predictor check --predictor ${flags.out}\` tries it on fresh candidates.`,
    ].join('\n');
    return { document, text: () => text };
  });
}

function lookedAt(text: string): number | 'each' {
  return text === 'each' ? text : wholeNumber(0, 1200)(text);
}

/** The candidates of whichever files are named. */
async function pairsOf(files: Session['files'], { run, reports, evaluated }: FitFlags): Promise<DrawnPairs> {
  const given = [run, reports, evaluated].filter((paths) => paths !== undefined);
  if (given.length !== 1) {
    const problem =
      given.length > 1 ? 'Candidates of several kinds of files are given.' : 'There is nothing to learn from.';
    const remedy =
      'Name files of `predictor draw` by --evaluated, or run folders by --run, or their files by --reports.';
    throw new BitbudgetError('usage', problem, remedy);
  }
  if (evaluated) return readDrawnPairs(files, evaluated);
  return readRunPairs(files, reports ?? run!.map((folder) => `${folder}/reports.csv`));
}

function hiddenUnits(text: string): number[] {
  const units = text.split(',').map(Number);
  const sound = /^\d+(,\d+){0,7}$/.test(text) && units.every((count) => count >= 1 && count <= 4096);
  if (sound) return units;
  throw new InvalidArgumentError('Give up to eight numbers from 1 to 4096, such as 400,400,400.');
}
