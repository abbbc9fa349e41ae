import { BitbudgetError } from '../core/errors.ts';
import { Random } from '../core/random.ts';
import type { ImageSet, ImageSource } from './source.ts';
import type { Split } from './types.ts';

/** One in so many training images is set aside for calibration, and one in so many images of an undivided set for tests. */
const CALIBRATION_SHARE = 10;
const TEST_SHARE = 5;
const MOST_CALIBRATION = 4096;

/** Seed of the order in which images are set aside: the splits of a set are always the same. */
const SPLIT_SEED = 0x5eed;

/** Some images of one part of a set. */
export interface Selection {
  source: ImageSource;
  /** Positions in the source, in the order in which they are asked for. */
  indices: Uint32Array;
  /** What they are; `test` for calibration too where the files hold nothing else. */
  from: Split;
}

/**
 * The images of one split. Where the files tell training from test images, the test split is the test part in its own order,
 * and one in ten training images (at most 4,096), drawn in a fixed order, is kept for calibration. An undivided set is dealt
 * out: one image in five for tests, one in ten for calibration, the rest for training; so is a part of training images alone
 * for those two. Where the files hold test images alone, calibration takes some of those and says so by `from`.
 *
 * @throws {BitbudgetError} `input` where the files have no such images.
 */
export function selectSplit(set: ImageSet, split: Split, name: string): Selection {
  const { train, test, whole } = set.parts;
  const lacking = (what: string, remedy: string) =>
    new BitbudgetError('input', `"${name}" holds no ${what} images.`, remedy);
  if (split === 'test') {
    if (test) return inOrder(test(), split);
    if (!whole) throw lacking('test', 'Name a file or folder that holds them.');
    const source = whole();
    return { source, indices: dealt(source.count).test, from: split };
  }
  if (split === 'train') {
    if (train) {
      const source = train();
      return { source, indices: setAside(source.count).train, from: split };
    }
    if (!whole) throw lacking('training', 'Name a file or folder that holds them.');
    const source = whole();
    return { source, indices: dealt(source.count).train, from: split };
  }
  if (train) {
    const source = train();
    return { source, indices: setAside(source.count).calibration, from: split };
  }
  if (whole) {
    const source = whole();
    return { source, indices: dealt(source.count).calibration, from: split };
  }
  if (!test) throw lacking('calibration', 'Name a file or folder that holds images.');
  const source = test();
  return { source, indices: shuffled(source.count), from: 'test' };
}

function inOrder(source: ImageSource, from: Split): Selection {
  return { source, indices: Uint32Array.from({ length: source.count }, (_, i) => i), from };
}

/** A part of training images: some of them for calibration, the rest in their own order. */
function setAside(count: number): Record<'train' | 'calibration', Uint32Array> {
  const order = shuffled(count);
  const kept = Math.min(Math.ceil(count / CALIBRATION_SHARE), MOST_CALIBRATION);
  return { calibration: order.slice(0, kept), train: order.slice(kept).sort() };
}

/** An undivided set: tests first, so that the smallest set has some. */
function dealt(count: number): Record<Split, Uint32Array> {
  const order = shuffled(count);
  const tested = Math.ceil(count / TEST_SHARE);
  const kept = tested + Math.min(Math.ceil(count / CALIBRATION_SHARE), MOST_CALIBRATION, count - tested);
  return {
    test: order.slice(0, tested).sort(),
    calibration: order.slice(tested, kept),
    train: order.slice(kept).sort(),
  };
}

function shuffled(count: number): Uint32Array {
  const random = new Random(SPLIT_SEED);
  return Uint32Array.from(random.shuffle(Array.from({ length: count }, (_, i) => i)));
}
