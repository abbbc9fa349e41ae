import type { DatasetFiles } from '../../core/ports.ts';
import { type Bytes, openBytes } from '../bytes.ts';
import { assertCount, countsDiffer, damaged, MOST_PIXELS } from '../faults.ts';
import {
  classCount,
  type ImageSet,
  type ImageShape,
  type ImageSource,
  numberedClasses,
  partOfFile,
} from '../source.ts';

/** The type code of unsigned bytes in an IDX header. */
const UNSIGNED_BYTES = 0x08;
const IMAGES_FILE = /^(.*)images([.-])idx([34])-ubyte(\.gz)?$/;

/** Whether a file's name is that of images in IDX. */
export function isIdxImages(name: string): boolean {
  return IMAGES_FILE.test(name.slice(name.lastIndexOf('/') + 1));
}

/**
 * IDX files as MNIST and Fashion-MNIST come in, also gzipped: images of bytes ([n][height][width], or one more dimension of
 * channels) and labels ([n]).
 *
 * @param path a folder with `train-…` or `t10k-images-idx3-ubyte` and their labels, or one file of images.
 * @param expectedClasses what the reader of the images expects; labels alone tell only which classes occur.
 * @throws {BitbudgetError} `damaged-file` for another kind of file, one that is cut off or too long, or labels that do not
 * belong to the images.
 * @see http://yann.lecun.com/exdb/mnist
 */
export function openIdx(files: DatasetFiles, path: string, expectedClasses?: number): ImageSet {
  const folder = files.kind(path) === 'folder';
  const images = folder
    ? files
        .list(path)
        .filter(isIdxImages)
        .map((name) => `${path}/${name}`)
    : [path];
  const labelled = images.map((file) => ({ file, labels: readLabels(files, file) }));
  const classes = Math.max(...labelled.map(({ labels }) => classCount(labels.values, expectedClasses)));
  const parts: ImageSet['parts'] = {};
  for (const { file, labels } of labelled) {
    const part = partOfFile(file);
    if (parts[part]) throw damaged(`${path} holds several files of ${part} images.`, 'Name one of them.');
    parts[part] = () => readImages(files, file, labels);
  }
  return { classes: numberedClasses(classes), parts };
}

interface Labels {
  file: string;
  values: Uint8Array;
}

function readLabels(files: DatasetFiles, imagesFile: string): Labels {
  const folder = imagesFile.slice(0, imagesFile.lastIndexOf('/') + 1);
  const match = IMAGES_FILE.exec(imagesFile.slice(folder.length));
  const stem = match ? `${folder}${match[1]}labels${match[2]}idx1-ubyte` : imagesFile;
  const file = [stem, `${stem}.gz`].find((path) => match && files.kind(path) === 'file');
  if (file === undefined) {
    throw damaged(
      `${imagesFile} has no labels beside it.`,
      'Keep the published names: …images-idx3-ubyte and …labels-idx1-ubyte.',
    );
  }
  const bytes = openBytes(files, file);
  const [count, ...rest] = readHeader(bytes, file);
  if (rest.length > 0) throw damaged(`${file} has ${rest.length + 1} dimensions; labels have one.`);
  return { file, values: bytes.slice(8, count) };
}

function readImages(files: DatasetFiles, file: string, labels: Labels): ImageSource {
  const bytes = openBytes(files, file);
  const [count, height, width, channels = 1, ...rest] = readHeader(bytes, file);
  if (width === undefined || rest.length > 0) throw damaged(`${file} does not hold images of two or three dimensions.`);
  assertCount(file, count);
  const shape: ImageShape = [height, width, channels];
  const imageBytes = height * width * channels;
  if (!(imageBytes >= 1 && imageBytes <= MOST_PIXELS)) throw damaged(`${file} has images of ${shape.join('×')}.`);
  if (labels.values.length !== count) throw countsDiffer(file, count, labels.file, labels.values.length);
  const start = bytes.length - count * imageBytes;
  return {
    count,
    image: (index) => ({ shape, pixels: bytes.slice(start + index * imageBytes, imageBytes) }),
    label: (index) => labels.values[index],
  };
}

/** The sizes that a header names; the file has exactly that many bytes after it. */
function readHeader(bytes: Bytes, file: string): number[] {
  if (bytes.length < 8) throw damaged(`${file} is cut off in its header.`);
  const [zero, alsoZero, type, dimensions] = bytes.slice(0, 4);
  if (zero !== 0 || alsoZero !== 0) throw damaged(`${file} does not begin as an IDX file.`);
  if (type !== UNSIGNED_BYTES) throw damaged(`${file} does not hold unsigned bytes (type ${type}).`);
  const headerBytes = 4 + 4 * dimensions;
  if (dimensions < 1 || dimensions > 4 || bytes.length < headerBytes) {
    throw damaged(`${file} has a header of ${dimensions} dimensions that cannot be read.`);
  }
  const header = bytes.slice(4, 4 * dimensions);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 * i));
  const wanted = sizes.reduce((product, size) => product * size, 1);
  if (bytes.length - headerBytes !== wanted) {
    throw damaged(`${file} has ${bytes.length - headerBytes} bytes of data where its header says ${wanted}.`);
  }
  return sizes;
}
