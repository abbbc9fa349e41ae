/**
 * Runs the exactness suite and the fixed networks in engines besides the one that runs the tests: a newer Node, Node for
 * arm64 under an emulator, and Chromium. A suite whose engine is not here is skipped and says what it lacks.
 *
 * BITBUDGET_SECOND_NODE, BITBUDGET_ARM64_NODE and BITBUDGET_CHROMIUM name the programs; with BITBUDGET_REQUIRE_ENGINES=1
 * a suite that is skipped counts as failed; BITBUDGET_ENGINES_RESULT names a file for the totals. `.ci/run` sets them all.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runInChromium, type SuiteResult } from '../browser/chromium.ts';
import { runInNode } from './foreign-node.ts';

interface Suite {
  name: string;
  /** The suite ready to run, or what it lacks. */
  prepare(): (() => Promise<SuiteResult>) | string;
}

/** Under emulation a case takes ten times as long. Seven shares no factor with the six joints of a shape, so all are met. */
const EMULATED_EVERY = 7;
const EMULATOR = 'qemu-aarch64-static';
const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu';

const suites: Suite[] = [
  {
    name: 'second Node',
    prepare() {
      const node = process.env.BITBUDGET_SECOND_NODE;
      return node ? () => runInNode([node]) : 'BITBUDGET_SECOND_NODE names no program';
    },
  },
  {
    name: 'Node for arm64',
    prepare() {
      const node = process.env.BITBUDGET_ARM64_NODE;
      if (!node) return 'BITBUDGET_ARM64_NODE names no program';
      if (process.arch === 'arm64') return () => runInNode([node]);
      if (!isOnPath(EMULATOR)) return `${EMULATOR} is not on the search path`;
      if (!existsSync(ARM64_LIBRARIES)) return `the libraries in ${ARM64_LIBRARIES} are missing`;
      return () => runInNode([EMULATOR, '-L', ARM64_LIBRARIES, node], EMULATED_EVERY);
    },
  },
  {
    name: 'Chromium',
    prepare() {
      const program = process.env.BITBUDGET_CHROMIUM;
      return program ? () => runInChromium(program) : 'BITBUDGET_CHROMIUM names no program';
    },
  },
];

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

const required = process.env.BITBUDGET_REQUIRE_ENGINES === '1';
const totals = { passed: 0, failed: 0, skipped: 0 };

function report(name: string, text: string): void {
  process.stdout.write(`Exactness in ${name}: ${text}\n`);
}

async function runSuite({ name, prepare }: Suite): Promise<void> {
  const run = prepare();
  if (typeof run === 'string') {
    if (required) totals.failed++;
    else totals.skipped++;
    report(name, `skipped, ${run}`);
    return;
  }
  const startedMs = performance.now();
  const { passed, failures } = await run().catch((error) => ({ passed: 0, failures: [String(error)] }));
  totals.passed += passed;
  totals.failed += failures.length;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  report(name, `${passed} passed, ${failures.length} failed in ${seconds} s`);
  for (const failure of failures.slice(0, 20)) process.stdout.write(`  ${failure}\n`);
}

// each has a process of its own; the emulated one takes as long as the others together
await Promise.all(suites.map(runSuite));
if (process.env.BITBUDGET_ENGINES_RESULT) {
  writeFileSync(process.env.BITBUDGET_ENGINES_RESULT, JSON.stringify(totals));
}
process.exitCode = totals.failed === 0 ? 0 : 1;
