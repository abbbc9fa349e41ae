import type { Random } from '../../core/random.ts';

/**
 * Outlines, in integers alone: a point (u, v) is measured from the figure's own centre, and none
 * reaches further than {@link REACH}.
 * Their areas are kept close to one another, so that size alone tells little.
 */
export type Outline = 'disc' | 'ring' | 'square' | 'triangle' | 'cross' | 'star';

export const OUTLINES: readonly Outline[] = ['disc', 'ring', 'square', 'triangle', 'cross', 'star'];

/** The furthest that any outline comes from its centre, in the units of (u, v). */
export const REACH = 1280;

/** round(2¹⁴ · sin(k·π / 32)) for k = 0..16; written out because `Math.sin` may differ between engines. */
const QUARTER_SINE = [
  0, 1606, 3196, 4756, 6270, 7723, 9102, 10394, 11585, 12665, 13623, 14449, 15137, 15679, 16069, 16305, 16384,
];

/** Directions in a full turn. */
export const ANGLES = 64;

/**
 * 2¹⁴ times the sine of `angle` 64ths of a turn.
 *
 * @example [sine(0), sine(16), sine(40)] // => [0, 16384, -11585]
 */
export function sine(angle: number): number {
  const k = angle & 63;
  const half = k & 31;
  const value = QUARTER_SINE[half > 16 ? 32 - half : half];
  return k < 32 ? value : -value;
}

/** Outward normals, times 1024, of a pentagon's sides; u to the right, v down. */
const PENTAGON = [0, -1024, 974, -316, 602, 828, -602, 828, -974, -316];

/**
 * Whether a point is inside an outline.
 *
 * @param hole inner radius of a ring in 1024ths of its outer radius; others ignore it.
 * @example [insideOutline('disc', 0, 800, 0), insideOutline('ring', 0, 100, 400)] // => [true, false]
 */
export function insideOutline(outline: Outline, u: number, v: number, hole: number): boolean {
  const x = u < 0 ? -u : u;
  const y = v < 0 ? -v : v;
  switch (outline) {
    case 'disc':
      return u * u + v * v < 860 * 860;
    case 'ring': {
      const squared = u * u + v * v;
      return squared < 900 * 900 && squared > hole * hole;
    }
    case 'square':
      return x < 770 && y < 770;
    case 'triangle':
      return v < 620 && 1773 * x - 1024 * v < 1024 * 1150;
    case 'cross':
      return (x < 330 && y < 980) || (y < 330 && x < 980);
    case 'star': {
      // A pentagram is what lies inside at least four of the pentagon's five sides.
      let outside = 0;
      for (let k = 0; k < 10; k += 2) {
        if (PENTAGON[k] * u + PENTAGON[k + 1] * v > 386 * 1024) outside++;
      }
      return outside < 2;
    }
  }
}

/** A figure's place: image coordinates in 16ths of a pixel become (u, v) in 1024ths of its radius. */
export interface Placement {
  centreX: number;
  centreY: number;
  /** Half the side of the figure's own square, in 16ths of a pixel. */
  radius: number;
  angle: number;
}

/** The rotation and scale of a placement as two integers: u = (dx·cos + dy·sin) >> 10, v = (dy·cos − dx·sin) >> 10. */
export function rotationOf(placement: Placement): { cos: number; sin: number } {
  const cosine = sine(placement.angle + ANGLES / 4);
  return {
    cos: Math.trunc((cosine * 64) / placement.radius),
    sin: Math.trunc((sine(placement.angle) * 64) / placement.radius),
  };
}

/** An integer drawn evenly from low to high, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + random.below(high - low + 1);
}
