import { Random } from '../../core/random.ts';
import {
  type Canvas,
  type Colour,
  type Figure,
  type Fill,
  paintBackground,
  paintBar,
  paintFigure,
  SIDE,
} from './canvas.ts';
import { ANGLES, between, OUTLINES, type Outline, type Placement } from './geometry.ts';

/**
 * The ten classes: six outlines and four fillings. A filling comes in any outline, and an outline is often crossed by a
 * bar, so that a network has to look at fine detail, not at the silhouette alone.
 */
export const CLASSES = [
  'disc',
  'ring',
  'square',
  'triangle',
  'cross',
  'star',
  'stripes',
  'checker',
  'dots',
  'blob',
] as const;

/** What makes the set hard; all integers. Contrasts and noise are in pixel values. */
const DIFFICULTY = {
  contrastLow: 18,
  contrastHigh: 90,
  noiseLow: 5,
  noiseHigh: 24,
  radiusLow: 112,
  radiusHigh: 196,
  offCentre: 80,
  distractorsMost: 3,
  barsOutOfFour: 1,
} as const;

/**
 * Draws one image: SIDE × SIDE × 3 bytes. A function of the seed and the class alone, in 32-bit integers throughout.
 *
 * @param seed any 32-bit integer.
 * @param label index into {@link CLASSES}.
 * @example [drawImage(1, 0).length, drawImage(1, 0).join() === drawImage(1, 0).join()] // => [3072, true]
 */
export function drawImage(seed: number, label: number): Uint8Array {
  const random = new Random(seed);
  const canvas: Canvas = new Int32Array(SIDE * SIDE * 3);
  const from = anyColour(random);
  const lattice = Array.from({ length: 25 }, () => random.below(257));
  paintBackground(canvas, from, otherColour(random, from, 4, 44), lattice);

  const contrast = between(random, DIFFICULTY.contrastLow, DIFFICULTY.contrastHigh);
  const distractors = random.below(DIFFICULTY.distractorsMost + 1);
  for (let k = 0; k < distractors; k++) paintFigure(canvas, distractor(random, from, contrast));
  const figure = mainFigure(random, label, from, contrast);
  paintFigure(canvas, figure);
  if (random.below(4) < DIFFICULTY.barsOutOfFour) {
    const bar = { ...figure.placement, angle: random.below(ANGLES) };
    const side = random.below(2) === 0 ? -1 : 1;
    bar.centreX += side * between(random, 24, 80);
    bar.centreY += between(random, -80, 80);
    paintBar(canvas, bar, between(random, 8, 24), otherColour(random, from, contrast >> 1, contrast));
  }
  return finish(random, canvas, between(random, DIFFICULTY.noiseLow, DIFFICULTY.noiseHigh));
}

/** The figure that gives the image its class. */
function mainFigure(random: Random, label: number, background: Colour, contrast: number): Figure {
  const name = CLASSES[label];
  const placement: Placement = {
    centreX: SIDE * 8 + between(random, -DIFFICULTY.offCentre, DIFFICULTY.offCentre),
    centreY: SIDE * 8 + between(random, -DIFFICULTY.offCentre, DIFFICULTY.offCentre),
    radius: between(random, DIFFICULTY.radiusLow, DIFFICULTY.radiusHigh),
    angle: random.below(ANGLES),
  };
  const outline = isOutline(name) ? name : name === 'blob' ? 'disc' : anyOutline(random);
  const colour = otherColour(random, background, contrast, contrast + 24);
  // The second colour of a texture is often close to the background, on the other side of it or a shade of the first.
  const second = otherColour(random, colour, contrast, contrast + 24);
  return { outline, hole: between(random, 380, 560), placement, fill: fillOf(random, name), colour, second };
}

function isOutline(name: (typeof CLASSES)[number]): name is Outline {
  return (OUTLINES as readonly string[]).includes(name);
}

/** An outline for a texture: never the ring, whose band is too thin to show one. */
function anyOutline(random: Random): Outline {
  const outline = OUTLINES[random.below(OUTLINES.length)];
  return outline === 'ring' ? 'disc' : outline;
}

function fillOf(random: Random, name: (typeof CLASSES)[number]): Fill {
  switch (name) {
    case 'stripes':
      return { kind: 'stripes', period: between(random, 60, 104), shift: random.below(64) };
    case 'checker':
      return { kind: 'checker', period: between(random, 88, 128), shift: random.below(64) };
    case 'dots':
      return { kind: 'dots', period: between(random, 80, 112), shift: random.below(64) };
    case 'blob':
      return { kind: 'blob' };
    default:
      return { kind: 'plain' };
  }
}

/** A small plain figure somewhere, which means nothing. */
function distractor(random: Random, background: Colour, contrast: number): Figure {
  const placement: Placement = {
    centreX: random.below(SIDE * 16),
    centreY: random.below(SIDE * 16),
    radius: between(random, 28, 64),
    angle: random.below(ANGLES),
  };
  const colour = otherColour(random, background, contrast >> 1, contrast + 24);
  return { outline: anyOutline(random), hole: 0, placement, fill: { kind: 'plain' }, colour, second: colour };
}

function anyColour(random: Random): Colour {
  return [between(random, 50, 205), between(random, 50, 205), between(random, 50, 205)];
}

/** A colour whose channels differ from another's by `least`..`most` on average, more in some channels than in others. */
function otherColour(random: Random, from: Colour, least: number, most: number): Colour {
  const difference = between(random, least, most);
  const brighter = random.below(2) === 0 ? -1 : 1;
  return from.map((value) => {
    const step = brighter * ((difference * between(random, 2, 14)) >> 3);
    const moved = value + step;
    return moved < 0 || moved > 255 ? value - step : moved;
  }) as unknown as Colour;
}

/** Adds noise, about normal with the given deviation, partly common to the three channels, and clamps to bytes. */
function finish(random: Random, canvas: Canvas, deviation: number): Uint8Array {
  const pixels = new Uint8Array(canvas.length);
  for (let at = 0; at < canvas.length; at += 3) {
    const common = centredSum(random.uint32());
    for (let c = 0; c < 3; c++) {
      // A sum of four bytes has a deviation of 148; two halves of one add up to 105.
      const noise = ((common + centredSum(random.uint32())) * deviation) >> 8;
      const value = canvas[at + c] + noise;
      pixels[at + c] = value < 0 ? 0 : Math.min(value, 255);
    }
  }
  return pixels;
}

/** The sum of a word's four bytes, less its mean. */
function centredSum(word: number): number {
  return (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24) - 510;
}
