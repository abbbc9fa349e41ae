import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { BitbudgetError, type ErrorKind } from '../core/errors.ts';
import type { Cancellation, Progress } from '../core/ports.ts';
import type { LutEntry } from '../lut/schema.ts';
import type { WholeNetworkFit } from '../lut/whole-network.ts';
import type { ProfileResult } from '../measure/profile.ts';
import type { ProtocolName } from '../measure/protocols.ts';
import type { TimedNetwork } from '../measure/rounds.ts';
import type { Scheme } from '../quant/scheme.ts';
import type { SpaceConfig } from '../space/index.ts';
import { processArguments } from './entry-resolution.ts';

/** What the measuring process is asked for; plain data. */
export interface ProfileJob {
  network: string;
  schemes: readonly Scheme[];
  /** Designs of a search space instead of assignments of the schemes. */
  space?: SpaceConfig;
  disabled: readonly string[];
  settings: {
    protocol: ProtocolName;
    seed: number;
    visits: number;
    validationNetworks: number;
    timeMaxS?: number;
    patienceS?: number;
    knownFit?: WholeNetworkFit;
  };
  /** Threads that share each layer. */
  threads: number;
  /** The meter, as `chooseMeter` takes it. */
  energy: string;
  known: readonly LutEntry[];
  earlier?: { ranking: readonly (readonly [string, readonly string[]])[]; networks: readonly TimedNetwork[] };
}

/** What a profile found out, without its raw samples. */
export type ProfileFacts = Omit<ProfileResult, 'networks'>;

/** What the measuring process says. */
export type ProfileMessage =
  | { progress: [message: string, fraction: number] }
  | { ranking: [key: string, variants: string[]][] }
  | { network: TimedNetwork }
  | { result: ProfileFacts }
  | { error: { kind: ErrorKind; message: string; remedy: string } };

export interface ProfileListener {
  cancellation: Cancellation;
  onProgress: Progress;
  /** Called with everything that an interrupted profile can go on with. */
  onMessage(message: ProfileMessage): void;
}

/** How the measuring process runs beside others, for the table. */
export interface ProcessPlacement {
  priority: number;
}

const CANCELLATION_POLL_MS = 50;
/**
 * Desktop Linux shares the processor out among sessions first, and a priority counts within a session only: the measuring
 * process has one of its own. It ends when its parent does, for the channel between them closes.
 */
const OWN_SESSION = process.platform === 'linux';

/**
 * Runs a profile in a process of its own, at a higher priority where the user may set one.
 *
 * @throws {BitbudgetError} what the profile throws; `unsupported` if the process dies.
 */
export async function profileInProcess(
  job: ProfileJob,
  { cancellation, onProgress, onMessage }: ProfileListener,
): Promise<{ facts: ProfileFacts; placement: ProcessPlacement }> {
  const script = processArguments(new URL('./profile-child.ts', import.meta.url));
  const child = spawn(process.execPath, script, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
    detached: OWN_SESSION,
  });
  const placement = { priority: raisePriority(child) };
  const stopWatching = forwardCancellation(child, cancellation);
  let stderr = '';
  child.stderr!.on('data', (text) => {
    stderr = (stderr + text).slice(-2000);
  });
  child.send(job);
  try {
    const facts = await new Promise<ProfileFacts>((resolve, reject) => {
      child.on('message', (message: ProfileMessage) => {
        onMessage(message);
        if ('progress' in message) onProgress(...message.progress);
        else if ('result' in message) resolve(message.result);
        else if ('error' in message) reject(revive(message.error));
      });
      child.on('error', reject);
      child.on('close', (code, signal) => reject(death(code, signal, stderr)));
    });
    return { facts, placement };
  } finally {
    stopWatching();
    child.kill('SIGKILL'); // it has nothing left to do
  }
}

function revive({ kind, message, remedy }: { kind: ErrorKind; message: string; remedy: string }): BitbudgetError {
  return new BitbudgetError(kind, message, remedy);
}

function death(code: number | null, signal: string | null, stderr: string): BitbudgetError {
  const last = stderr.trim().split('\n').slice(-3).join(' ');
  const problem = `The measuring process ended with ${signal ?? `code ${code}`}${last ? `: ${last}` : '.'}`;
  return new BitbudgetError('unsupported', problem, 'Go on with `--resume`; where it happens again, report it.');
}

/** @returns the priority that the process got: raising it is a privilege on most systems. */
function raisePriority({ pid }: ChildProcess): number {
  const { PRIORITY_HIGH, PRIORITY_NORMAL } = constants.priority;
  try {
    setPriority(pid!, PRIORITY_HIGH);
  } catch {
    return PRIORITY_NORMAL;
  }
  try {
    if (OWN_SESSION) writeFileSync(`/proc/${pid}/autogroup`, String(PRIORITY_HIGH));
  } catch {
    // kernels without groups by session need none
  }
  return PRIORITY_HIGH;
}

function forwardCancellation(child: ChildProcess, cancellation: Cancellation): () => void {
  const timer = setInterval(() => {
    if (!cancellation.aborted) return;
    clearInterval(timer);
    if (child.connected) child.send('cancel');
  }, CANCELLATION_POLL_MS);
  return () => clearInterval(timer);
}
