import { insideOutline, type Outline, type Placement, REACH, rotationOf } from './geometry.ts';

/** Side of the images in pixels. */
export const SIDE = 32;

/** Red, green, blue; integers that may leave 0..255 until the image is finished. */
export type Colour = readonly [number, number, number];

/** A picture in the making: SIDE × SIDE × 3 integers. */
export type Canvas = Int32Array;

/** What a figure is filled with; periods and shifts are in 16ths of a pixel along the figure's own axes. */
export type Fill =
  | { kind: 'plain' }
  | { kind: 'stripes' | 'checker' | 'dots'; period: number; shift: number }
  | { kind: 'blob' };

export interface Figure {
  outline: Outline;
  hole: number;
  placement: Placement;
  fill: Fill;
  colour: Colour;
  /** The second colour of a texture. */
  second: Colour;
}

/** Distance from the centre, in 1024ths of the radius, at which a blob has faded away. */
const BLOB_EDGE = 860;

/** Where the four samples of a pixel lie, in 16ths of a pixel along each axis. */
const SAMPLES = [4, 12];

/** How much of the first colour, 0..256, a fill shows at (u, v), which is (a, b) in 16ths of a pixel. */
function firstColourShare(fill: Fill, u: number, v: number, a: number, b: number): number {
  switch (fill.kind) {
    case 'plain':
      return 256;
    case 'blob': {
      const left = BLOB_EDGE * BLOB_EDGE - u * u - v * v;
      return left <= 0 ? 0 : Math.trunc((left * 256) / (BLOB_EDGE * BLOB_EDGE));
    }
    case 'stripes':
      return phase(a + fill.shift, fill.period) * 2 < fill.period ? 256 : 0;
    case 'checker': {
      const even = phase(a + fill.shift, fill.period) * 2 < fill.period;
      return even === phase(b + fill.shift, fill.period) * 2 < fill.period ? 256 : 0;
    }
    case 'dots': {
      const x = phase(a + fill.shift, fill.period) * 2 - fill.period;
      const y = phase(b + fill.shift, fill.period) * 2 - fill.period;
      return 100 * (x * x + y * y) < 50 * fill.period * fill.period ? 256 : 0;
    }
  }
}

/** The remainder that is never negative. */
function phase(value: number, period: number): number {
  const rest = value % period;
  return rest < 0 ? rest + period : rest;
}

/** Paints a figure over the canvas, each pixel from 2 × 2 samples. */
export function paintFigure(canvas: Canvas, figure: Figure): void {
  const { placement, outline, hole, fill, colour, second } = figure;
  const { cos, sin } = rotationOf(placement);
  const reach = (placement.radius * REACH) >> 10;
  const [left, right] = pixelRange(placement.centreX, reach);
  const [top, bottom] = pixelRange(placement.centreY, reach);
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      let covered = 0;
      let first = 0;
      for (const sampleY of SAMPLES) {
        const dy = y * 16 + sampleY - placement.centreY;
        for (const sampleX of SAMPLES) {
          const dx = x * 16 + sampleX - placement.centreX;
          const u = (dx * cos + dy * sin) >> 10;
          const v = (dy * cos - dx * sin) >> 10;
          if (!insideOutline(outline, u, v, hole)) continue;
          covered++;
          first += firstColourShare(fill, u, v, (u * placement.radius) >> 10, (v * placement.radius) >> 10);
        }
      }
      if (covered === 0) continue;
      blend(canvas, (y * SIDE + x) * 3, fill.kind === 'blob' ? first : covered * 256, first, colour, second);
    }
  }
}

/** The pixels, clipped to the canvas, that a figure of this reach may touch along one axis. */
function pixelRange(centre: number, reach: number): [number, number] {
  return [Math.max(0, (centre - reach) >> 4), Math.min(SIDE - 1, (centre + reach) >> 4)];
}

/** Covers `covered` 1024ths of a pixel, of which `first` with the first colour and the rest with the second. */
function blend(canvas: Canvas, at: number, covered: number, first: number, colour: Colour, second: Colour): void {
  for (let c = 0; c < 3; c++) {
    const paint = colour[c] * first + second[c] * (covered - first);
    canvas[at + c] = (canvas[at + c] * (1024 - covered) + paint) >> 10;
  }
}

/**
 * Fills the canvas with a mixture of two colours, weighed by a lattice of (5 × 5) values in 0..256 that is interpolated
 * between its knots, one every 8 pixels.
 */
export function paintBackground(canvas: Canvas, from: Colour, to: Colour, lattice: readonly number[]): void {
  for (let y = 0; y < SIDE; y++) {
    const row = (y >> 3) * 5;
    const fy = y & 7;
    for (let x = 0; x < SIDE; x++) {
      const at = row + (x >> 3);
      const fx = x & 7;
      const upper = lattice[at] * (8 - fx) + lattice[at + 1] * fx;
      const lower = lattice[at + 5] * (8 - fx) + lattice[at + 6] * fx;
      const t = (upper * (8 - fy) + lower * fy) >> 6;
      for (let c = 0; c < 3; c++) canvas[(y * SIDE + x) * 3 + c] = from[c] + (((to[c] - from[c]) * t) >> 8);
    }
  }
}

/** Paints a straight bar without ends: all pixels within `halfWidth` 16ths of the line through a point at an angle. */
export function paintBar(canvas: Canvas, placement: Placement, halfWidth: number, colour: Colour): void {
  const { cos, sin } = rotationOf({ ...placement, radius: 1024 });
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const distance = ((y * 16 + 8 - placement.centreY) * cos - (x * 16 + 8 - placement.centreX) * sin) >> 10;
      const covered = 64 * (halfWidth + 8 - (distance < 0 ? -distance : distance));
      if (covered <= 0) continue;
      const share = Math.min(covered, 1024);
      blend(canvas, (y * SIDE + x) * 3, share, share, colour, colour);
    }
  }
}
