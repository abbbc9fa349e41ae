/** Installs the pinned packages of this folder, unless exactly those are installed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Versions by package, of a lock file; optional ones of other platforms are in one lock and not in the other. */
function versions(file) {
  try {
    const { packages } = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
    const entries = Object.entries(packages).filter(([path, { optional }]) => path !== '' && !optional);
    return JSON.stringify(entries.map(([path, { version }]) => [path, version]).sort());
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

if (versions('package-lock.json') !== versions('node_modules/.package-lock.json')) {
  process.stderr.write('installing the peers\n');
  // no scripts: none of these packages needs any, and one would download another runtime
  const { status } = spawnSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--silent'], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
}
