import { type ChildProcess, fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { predictionError } from '../../src/measure/statistics.ts';
import { bindToCores } from '../../src/node/affinity.ts';
import type { FromTurnProcess, ProfileFacts, ToTurnProcess, TruthFacts, Turn, TurnJob } from './turn-messages.ts';

/** A profile and a truth that met the same minutes. */
export interface Turns {
  profile: ProfileFacts;
  truth: TruthFacts;
  error: ReturnType<typeof predictionError>;
}

/**
 * A profile and, in another process, the end-to-end latency of random candidates that it has not seen, by turns of half a
 * second at most: what other work changes from minute to minute is no error of the table. Both are bound to one core and
 * never run at once. The candidates are timed for as long as the layers are.
 */
export async function profileInTurns(job: Omit<TurnJob, 'ranking'>): Promise<Turns> {
  const players: Player[] = [];
  const moveAll = () => {
    for (const { cores } of players) cores.move();
  };
  try {
    const profile = await Player.start(job, moveAll);
    players.push(profile);
    let last = await profile.turn();
    while (!profile.isMeasuring) last = await profile.turn();
    const truth = await Player.start({ ...job, ranking: profile.ranking }, moveAll);
    players.push(truth);
    while (!('profile' in last)) {
      await truth.turn();
      last = await profile.turn();
    }
    const end = await truth.turn({ finalLevelNs: last.profile.levelNs });
    if (!('truth' in end)) throw new Error('The truth was not finished by its last turn.');
    const { measuredMs, atLevel } = end.truth;
    const pairs = last.profile.predictedMs.map((predicted, i) => ({ predicted, measured: measuredMs[i] }));
    return { profile: last.profile, truth: end.truth, error: predictionError(pairs.filter((_, i) => atLevel[i])) };
  } finally {
    for (const player of players) player.end();
  }
}

/** A process that works only when it has the turn. */
class Player {
  ranking: TurnJob['ranking'];
  isMeasuring = false;
  readonly cores;
  private readonly child: ChildProcess;
  private hear: (message: FromTurnProcess) => void = () => {};

  private constructor(onMoveAside: () => void) {
    this.child = fork(new URL('./turn-process.ts', import.meta.url));
    setPriority(this.child.pid!, constants.priority.PRIORITY_HIGH);
    this.cores = bindToCores(this.child.pid!, 1);
    this.child.on('message', (message: FromTurnProcess) => {
      if ('moveAside' in message) onMoveAside();
      else if ('ranking' in message) this.ranking = message.ranking;
      else if ('measuring' in message) this.isMeasuring = true;
      else this.hear(message);
    });
    this.child.on('exit', (code, signal) => {
      if (signal !== 'SIGKILL') throw new Error(`A process ended with ${signal ?? `code ${code}`}.`);
    });
  }

  static async start(job: TurnJob, onMoveAside: () => void): Promise<Player> {
    const player = new Player(onMoveAside);
    await player.ask({ job });
    return player;
  }

  turn(turn: Turn = {}): Promise<FromTurnProcess> {
    return this.ask({ turn });
  }

  end(): void {
    this.child.kill('SIGKILL');
  }

  private ask(message: ToTurnProcess): Promise<FromTurnProcess> {
    return new Promise((resolve) => {
      this.hear = resolve;
      this.child.send(message);
    });
  }
}
