import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { serveFiles } from './static-server.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The bare names that the modules under test import, as a browser needs to be told. */
const IMPORTS = {
  zod: '/node_modules/zod/index.js',
  '@noble/hashes/': '/node_modules/@noble/hashes/',
};

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** What a suite in another engine found. */
export interface SuiteResult {
  passed: number;
  failures: string[];
}

/** Runs the exactness suite and the fixed networks in a page, from the built modules as they are. */
export async function runInChromium(executablePath: string): Promise<SuiteResult> {
  const page = `<!doctype html><script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;
  const server = await serveFiles(root, page, ['/dist/', ...Object.values(IMPORTS).map(folderOf)]);
  const profile = await mkdtemp(join(tmpdir(), 'bitbudget-browser-'));
  try {
    const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: FLAGS });
    try {
      const opened = await context.newPage();
      await opened.goto(server.origin);
      return await runSuites(opened);
    } finally {
      await context.close();
    }
  } finally {
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The function runs in the page; module names are handed in so that nothing here tries to resolve them. */
function runSuites(page: Page): Promise<SuiteResult> {
  const modules = ['kernels/load.js', 'kernels/exactness/suite.js', 'verify/fixed-networks.js'];
  return page.evaluate(
    async ([load, suite, networks]) => {
      const { loadKernels } = (await import(load)) as typeof import('../../src/kernels/load.ts');
      const { checkAll } = (await import(suite)) as typeof import('../../src/kernels/exactness/suite.ts');
      const { runFixedNetworks } = (await import(networks)) as typeof import('../../src/verify/fixed-networks.ts');
      // no named function in here: the transformer would mark it with a helper that the page does not have
      const [simd, relaxed] = await Promise.all(
        ['simd', 'relaxed'].map((isa) => WebAssembly.compileStreaming(fetch(`/dist/kernels/${isa}.wasm`))),
      );
      const kernels = loadKernels({ simd, relaxed });
      const result: SuiteResult = { passed: 0, failures: [] };
      for (const { id, cases, failures } of checkAll(kernels, { placements: 'one' })) {
        result.passed += cases - failures.length;
        for (const failure of failures) result.failures.push(`${id}: ${failure}`);
      }
      for (const { scheme, sha256, same } of runFixedNetworks(kernels)) {
        if (same) result.passed++;
        else result.failures.push(`The fixed network in ${scheme} gives other bits here: ${sha256}`);
      }
      return result;
    },
    modules.map((path) => `/dist/${path}`),
  );
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
