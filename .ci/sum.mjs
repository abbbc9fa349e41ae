// Adds up the suites of `npm test` and prints the one line that closes a run: `node .ci/sum.mjs STATUS`, with the status
// that `npm test` ended with. Exits with 1 if anything failed or did not run.
import { existsSync, readFileSync } from 'node:fs';

const read = (variable) => {
  const path = process.env[variable];
  return path && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
};
const tests = read('BITBUDGET_TESTS_RESULT');
const engines = read('BITBUDGET_ENGINES_RESULT');
const passed = (tests?.numPassedTests ?? 0) + (engines?.passed ?? 0);
const skipped = (tests?.numPendingTests ?? 0) + (engines?.skipped ?? 0);
let failed = (tests?.numFailedTests ?? 0) + (engines?.failed ?? 0);

const ended = process.argv[2] === '0';
if (!tests) process.stdout.write('The tests did not run: type-check, lint or build failed.\n');
else if (!engines) process.stdout.write('The other engines were not reached, because a test failed.\n');
if (failed === 0 && !(ended && tests && engines)) failed = 1;
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
