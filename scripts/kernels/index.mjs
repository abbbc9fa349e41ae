/**
 * Kernels whose source is written by a program: register tiles come in many sizes and schemes that differ in nothing but
 * numbers, and AssemblyScript has no arrays of locals. Each family here returns the text of its files; adding a size or a
 * scheme is a line in its table.
 */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bitSerial } from './bit-serial.mjs';
import { denseTables } from './dense-low-bit.mjs';
import { depthwise } from './depthwise.mjs';
import { directTiles } from './direct-tiles.mjs';
import { f32Depthwise } from './f32-depthwise.mjs';
import { f32DepthwiseInPlace } from './f32-depthwise-in-place.mjs';
import { packedDepthwise } from './packed-depthwise.mjs';
import { packedDot } from './packed-dot.mjs';
import { tables } from './tables.mjs';
import { winograd } from './winograd.mjs';

/** @type {(() => Record<string, string>)[]} each returns texts of AssemblyScript by file name without extension */
const families = [
  directTiles,
  depthwise,
  f32Depthwise,
  f32DepthwiseInPlace,
  winograd,
  packedDot,
  packedDepthwise,
  denseTables,
  tables,
  bitSerial,
];

/** Writes every generated source into `folder`, which is emptied first. */
export async function generateKernels(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const family of families) {
    for (const [name, text] of Object.entries(family())) {
      await writeFile(join(folder, `${name}.ts`), `// @generated\n${text}`);
    }
  }
}
