import { InvalidArgumentError, Option } from 'commander';
import { BitbudgetError } from '../core/errors.ts';
import { MOST_THREADS } from '../kernels/start-team.ts';
import { PIXEL_RANGES } from '../network/import/pixels.ts';
import { CALIBRATION_METHODS, type CalibrationMethod } from '../quant/calibration.ts';
import { POST_TRAINING_METHODS, type PostTrainingMethod } from '../quant/post-training/methods.ts';
import { type Scheme, schemeBits } from '../quant/scheme.ts';

/** A flag's text as a whole number within bounds. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least}${most < 2 ** 53 - 1 ? ` to ${most}` : ''}.`);
  };
}

/** A flag's text as a positive quantity. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Give a number above 0.');
}

export interface SchemeOptions {
  schemes?: string;
  bits: string;
}

/** `--schemes` and `--bits`; the first wins. */
export function schemeOptions(): Option[] {
  return [
    new Option('--bits <list>', 'all pairs of these weight and activation bits, and f32').default('2,4,8'),
    new Option('--schemes <list>', 'exactly these schemes instead, such as f32,w8a8,w4a4'),
  ];
}

/**
 * The schemes that the flags ask for, f32 first, without repeats.
 *
 * @throws {BitbudgetError} `usage` for what is no scheme or no width.
 * @example schemesOf({ bits: '4,8' }) // => ['f32', 'w4a4', 'w4a8', 'w8a4', 'w8a8']
 */
export function schemesOf({ schemes, bits }: SchemeOptions): Scheme[] {
  if (schemes !== undefined) {
    const listed = schemes.split(',').map((scheme) => scheme.trim());
    for (const scheme of listed) if (scheme === 'u8' || !schemeBits(scheme)) throw unknownScheme(scheme);
    return [...new Set(listed as Scheme[])];
  }
  const widths = bits.split(',').map((text) => text.trim());
  for (const width of widths) {
    if (/^[1-8]$/.test(width)) continue;
    throw new BitbudgetError(
      'usage',
      `--bits cannot hold "${width}".`,
      'Give widths from 1 to 8, such as --bits 2,4,8.',
    );
  }
  const pairs = widths.flatMap((w) => widths.map((a): Scheme => `w${Number(w)}a${Number(a)}`));
  return [...new Set<Scheme>(['f32', ...pairs])];
}

function unknownScheme(scheme: string): BitbudgetError {
  const remedy = 'Layers with weights take f32 or wXaY, such as w4a8.';
  return new BitbudgetError('usage', `"${scheme}" is no scheme for a layer with weights.`, remedy);
}

export interface CalibrationOptions {
  calibration: CalibrationMethod;
  calibrationSamples: number;
  calibrationDataset?: string;
  postTraining?: PostTrainingMethod[];
}

export function calibrationOptions(): Option[] {
  return [
    new Option(
      '--calibration-dataset <name or path>',
      'images that calibration looks at; those of --dataset unless given',
    ),
    new Option('--calibration <method>', 'how activation ranges are chosen')
      .choices(CALIBRATION_METHODS)
      .default('mse'),
    new Option('--calibration-samples <n>', 'images that calibration looks at')
      .argParser(wholeNumber(1, 4096))
      .default(64),
    new Option(
      '--post-training <list>',
      `what else is done for few bits: any of ${POST_TRAINING_METHODS.join(', ')}`,
    ).argParser(postTrainingMethods),
  ];
}

function postTrainingMethods(text: string): PostTrainingMethod[] {
  const named = text.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !POST_TRAINING_METHODS.some((method) => method === name));
  if (unknown === undefined) return POST_TRAINING_METHODS.filter((method) => named.includes(method));
  throw new InvalidArgumentError(`"${unknown}" is none of ${POST_TRAINING_METHODS.join(', ')}.`);
}

/** The calibration settings that the flags ask for. */
export function calibrationOf(flags: CalibrationOptions & { dataset?: string }) {
  const {
    calibration: method,
    calibrationSamples: samples,
    calibrationDataset,
    postTraining: methods,
    dataset,
  } = flags;
  return { method, dataset: calibrationDataset ?? dataset ?? 'builtin', samples, seed: 1, ...(methods && { methods }) };
}

export function networkFlag(): Option {
  return new Option('--network <name>', 'a network of the zoo, or a .tflite, .onnx or tfjs model.json file').default(
    'resnet8',
  );
}

/** What a model file does not say. */
export function pixelsFlag(): Option {
  return new Option('--pixels <range>', "what a model file's input takes raw pixels as").choices(PIXEL_RANGES);
}

export function weightsFlag(): Option {
  return new Option('--weights <file>', "weights from `bitbudget train` instead of the zoo's own");
}

export function seedFlag(): Option {
  return new Option('--seed <n>', 'the same seed gives the same run').argParser(wholeNumber(0, 2 ** 32 - 1)).default(1);
}

/** `--threads`: with how many a table is measured, and with how many it may be used. */
export function threadsFlag(
  description = 'threads that share each layer of one inference; a table holds for its own number only',
): Option {
  return new Option('--threads <n>', description).argParser(wholeNumber(1, MOST_THREADS)).default(1);
}

/** A remark where there are more threads than cores to run them; undefined where all is well. */
export function threadsRemark(threads: number, cores: number): string | undefined {
  if (threads <= cores) return undefined;
  return `${threads} threads share ${cores === 1 ? '1 core' : `${cores} cores`}: they wait for each other, and the latency says so.`;
}
