import { InvalidArgumentError, Option } from 'commander';
import { BitbudgetError } from '../core/errors.ts';
import type { ImageOptions } from '../data/image/transform.ts';
import type { DatasetSpec } from '../data/open.ts';
import type { Preprocessing } from '../network/types.ts';
import { wholeNumber } from './options.ts';

/** What these flags leave in a command's options. */
export interface ImageFlags {
  resize?: ImageOptions['resize'];
  crop?: ImageOptions['crop'];
  colour?: ImageOptions['colour'];
  mean?: number[];
  std?: number[];
}

export interface DatasetFlags extends ImageFlags {
  dataset: string;
  samples?: number;
}

/** Sides of an image may be so long. */
const MOST_SIDE = 8192;

/** `--dataset` and how its images are brought to what the network reads. */
export function datasetOptions(purpose: string, defaultSamples?: number): Option[] {
  const samples = new Option('--samples <n>', 'how many of them').argParser(wholeNumber(1));
  return [
    new Option(
      '--dataset <name or path>',
      `${purpose}: builtin, or CIFAR, IDX, .npz, .npy, raw or image-folder files`,
    ).default('builtin'),
    defaultSamples === undefined ? samples : samples.default(defaultSamples),
    new Option('--resize <size>', 'images resized: the shorter side, or HEIGHTxWIDTH').argParser(resizeOf),
    new Option('--crop <size>', 'then cut from the middle: a side, or HEIGHTxWIDTH').argParser(cropOf),
    new Option('--colour <kind>', 'three channels or one').choices(['rgb', 'grey']),
  ];
}

/** How pixels become numbers, for networks that were trained elsewhere. */
export function normalisationOptions(): Option[] {
  return [
    new Option('--mean <list>', "taken off pixels of 0 to 1, a channel each, instead of the network's own").argParser(
      numbersOf,
    ),
    new Option('--std <list>', 'what they are divided by then').argParser(numbersOf),
  ];
}

/** The images of one split that the flags ask for. */
export function datasetSpecOf(flags: DatasetFlags, split: DatasetSpec['split']): DatasetSpec {
  const images = imagesOf(flags);
  return { name: flags.dataset, split, samples: flags.samples, ...(images && { images }) };
}

/** How images are changed; undefined where they are taken as they are, so that files do not speak of it. */
export function imagesOf({ resize, crop, colour }: ImageFlags): ImageOptions | undefined {
  if (resize === undefined && crop === undefined && colour === undefined) return undefined;
  return { ...(resize !== undefined && { resize }), ...(crop && { crop }), ...(colour && { colour }) };
}

/**
 * How pixels become the network's input, where the flags say so.
 *
 * @throws {BitbudgetError} `usage` for one of the flags alone, or lists of different length.
 */
export function preprocessingOf({ mean, std }: ImageFlags): Preprocessing | undefined {
  if (!mean && !std) return undefined;
  if (mean && std && mean.length === std.length && std.every((value) => value > 0)) return { mean, std };
  const problem = `--mean ${mean?.join() ?? '(none)'} and --std ${std?.join() ?? '(none)'} do not belong together.`;
  throw new BitbudgetError('usage', problem, 'Give both, one number a channel, deviations above 0.');
}

function resizeOf(text: string): ImageOptions['resize'] {
  const sides = sidesOf(text);
  return sides.length === 1 ? sides[0] : [sides[0], sides[1]];
}

function cropOf(text: string): [number, number] {
  const [height, width = height] = sidesOf(text);
  return [height, width];
}

function sidesOf(text: string): number[] {
  const sides = /^\d{1,5}(x\d{1,5})?$/.test(text) ? text.split('x').map(Number) : [];
  if (sides.length > 0 && sides.every((side) => side >= 1 && side <= MOST_SIDE)) return sides;
  throw new InvalidArgumentError(`Give a side from 1 to ${MOST_SIDE}, or two as HEIGHTxWIDTH, such as 32x32.`);
}

function numbersOf(text: string): number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every(Number.isFinite) && numbers.length <= 64) return numbers;
  throw new InvalidArgumentError('Give numbers with commas between them, such as 0.485,0.456,0.406.');
}
