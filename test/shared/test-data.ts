import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The test data lies beside the checkout, or where BITBUDGET_TEST_DATA says; a clone by itself has none. */
const folder = process.env.BITBUDGET_TEST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

export const hasTestData = existsSync(folder);

/** Says once why tests are skipped. */
export function explainSkip(what: string): void {
  if (!hasTestData) console.warn(`skipped: ${what} needs the test data, which is not beside this checkout`);
}

export function testDataPath(path: string): string {
  return `${folder}/${path}`;
}

export function readTestData(path: string): Uint8Array {
  return new Uint8Array(readFileSync(testDataPath(path)));
}

/** Names within a folder of the test data, sorted. */
export function listTestData(path: string): string[] {
  return readdirSync(`${folder}/${path}`).sort();
}

/** Little-endian 32-bit floats. */
export function readFloats(path: string): Float32Array {
  return new Float32Array(readTestData(path).buffer);
}
