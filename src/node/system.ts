import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SystemReader } from '../core/ports.ts';
import { readSystemText } from './device.ts';

/** A command that has not answered by then has hung, as those of Termux do without their application. */
const PATIENCE_MS = 3000;
const MOST_OUTPUT_BYTES = 64 * 1024;

/**
 * The files and commands of this machine.
 *
 * @param root the folder that holds `proc` and `sys`; with another one than `/`, no command is found.
 */
export function nodeSystem(root = '/'): SystemReader {
  return {
    text: (path) => readSystemText(root, path),
    list: (folder) => folderEntries(join(root, folder)),
    command: (name, args) => (root === '/' ? output(name, args) : Promise.resolve(undefined)),
  };
}

function output(name: string, args: readonly string[]): Promise<string | undefined> {
  const options = { timeout: PATIENCE_MS, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT_BYTES } as const;
  return new Promise((resolve) => {
    execFile(name, [...args], options, (error, stdout) => resolve(error ? undefined : stdout));
  });
}

/** The names in a folder, sorted; none where there is no such folder: not Linux, or a container that hides it. */
export function folderEntries(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
