import { randomBytes } from 'node:crypto';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';

/** Temporary files of writes under way, removed if the process ends in the middle of one. */
const unfinished = new Set<string>();
let removesAtExit = false;

/**
 * The files port on a disk. Missing folders of a written path are made. Failures that a user can mend (no such file, no
 * permission, disk full) are `input` errors that name the path.
 *
 * @example nodeFiles.exists('no-such-folder/no-such-file') // => false
 */
export const nodeFiles: Files = {
  readBytes: (path) => orExplain(path, 'read', () => readFile(path)),
  readText: (path) => orExplain(path, 'read', () => readFile(path, 'utf8')),
  writeAtomic: (path, content) => orExplain(path, 'write', () => writeAtomic(path, content)),
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  remove: (path) => orExplain(path, 'remove', () => rm(path, { force: true })),
  list: (folder) => orExplain(folder, 'list', async () => (await readdir(folder)).sort()),
};

async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  removeUnfinishedAtExit();
  unfinished.add(temporary);
  try {
    closeSync(openSync(temporary, 'wx')); // made at once: a pool thread could make it after the exit handler has looked
    const file = await open(temporary, 'r+');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {}); // it may not have come to exist; the first error is the one to report
    throw error;
  } finally {
    unfinished.delete(temporary);
  }
  await syncFolder(folder);
}

/** Makes the rename itself durable; not every platform can open a folder, and the content is safe without. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    return;
  }
}

function removeUnfinishedAtExit(): void {
  if (removesAtExit) return;
  removesAtExit = true;
  process.on('exit', () => {
    for (const path of unfinished) {
      try {
        unlinkSync(path);
      } catch {} // already renamed or never made
    }
  });
}

const explanations: Record<string, [message: string, remedy: string]> = {
  ENOENT: ['there is no such file or folder', 'Check the path.'],
  EACCES: ['permission is denied', 'Check who may use the path, or choose another.'],
  EPERM: ['permission is denied', 'Check who may use the path, or choose another.'],
  EROFS: ['the file system is read-only', 'Choose another place with --out.'],
  ENOSPC: ['the disk is full', 'Free some space, or choose another place with --out.'],
  EISDIR: ['it is a folder', 'Give the path of a file.'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Check the path.'],
};

async function orExplain<T>(path: string, verb: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const explanation = explanations[(error as NodeJS.ErrnoException).code ?? ''];
    if (!explanation) throw error;
    throw new BitbudgetError('input', `Cannot ${verb} ${path}: ${explanation[0]}.`, explanation[1]);
  }
}
