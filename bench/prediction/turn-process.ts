/** One of the two processes of `in-turns.ts`. It works while it has the turn, and gives it back between two networks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { schemesOf } from '../../src/cli/options.ts';
import { Random } from '../../src/core/random.ts';
import { type NetworkTimingOptions, timeNetworks } from '../../src/measure/networks.ts';
import { profileNetwork } from '../../src/measure/profile.ts';
import { isSameLevel } from '../../src/measure/reference-kernel.ts';
import { loadAssignment } from '../../src/measure/rounds.ts';
import { drawAssignment } from '../../src/measure/sampler.ts';
import type { Bench } from '../../src/measure/surroundings.ts';
import { predictMs } from '../../src/measure/validation.ts';
import { DEFAULT_CALIBRATION } from '../../src/node/calibrated-source.ts';
import { kernelHashes } from '../../src/node/kernel-files.ts';
import { openWorkbench } from '../../src/node/workbench.ts';
import { quantizeNetwork } from '../../src/quant/quantize.ts';
import type { FromTurnProcess, ProfileFacts, ToTurnProcess, TruthFacts, TurnJob } from './turn-messages.ts';

/** A sample of a candidate takes about twice as long as a visit of a profile, and both are wanted as often. */
const TURN_MS = { profile: 250, truth: 500 };
/** More than any profile leaves time for. */
const ROUNDS = 10_000;
const SCHEMES = schemesOf({ bits: '2,4,8' });

let turnStartMs = 0;
let turnMs = TURN_MS.profile;
let finalLevelNs: number | undefined;
let takeTurn = () => {};

const send = (message: FromTurnProcess) => void process.send!(message);

process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToTurnProcess) => {
  if ('job' in message) return void run(message.job);
  finalLevelNs = message.turn.finalLevelNs;
  turnStartMs = performance.now();
  takeTurn();
});

/** Says something, and waits for the next turn. */
async function waitForTurn(message: FromTurnProcess): Promise<void> {
  const turn = new Promise<void>((resolve) => {
    takeTurn = resolve;
  });
  send(message);
  await turn;
}

/** The pause between two networks, where the turn may end; longer ones are those of waiting for calm. */
async function pause(ms: number): Promise<void> {
  await sleep(ms);
  if (ms > 0 || finalLevelNs !== undefined || performance.now() - turnStartMs < turnMs) return;
  await waitForTurn({ turnIsOver: true });
}

async function run(job: TurnJob): Promise<void> {
  const workbench = await openWorkbench(job.network, {
    calibration: { ...DEFAULT_CALIBRATION, method: 'minmax', samples: 4 }, // ranges change no time
  });
  const bench: Bench = {
    ...workbench.bench({ cancellation: { aborted: false }, onProgress: () => {} }),
    moveAside: () => send({ moveAside: true }),
    pause,
  };
  if (job.ranking) turnMs = TURN_MS.truth;
  await waitForTurn({ ready: true });
  if (job.ranking) send({ truth: await timeCandidates(bench, job, new Map(job.ranking)) });
  else send({ profile: await profile(bench, job) });
}

/** Random, biased and homogeneous, from a seed that no profile draws with. */
function candidatesOf({ source: { folded } }: Bench, { seed, candidates }: TurnJob) {
  const random = new Random(seed ^ 0x7e51f1);
  return Array.from({ length: candidates }, () => drawAssignment(folded, SCHEMES, random));
}

async function profile(bench: Bench, job: TurnJob): Promise<ProfileFacts> {
  const { source } = bench;
  const { visits, seed, timeMaxS } = job;
  const result = await profileNetwork(bench, {
    ...{ schemes: SCHEMES, visits, seed, timeMaxS, validationNetworks: 0 },
    variantHashes: await kernelHashes(),
    onProgressMade: (step) =>
      send(
        'network' in step ? { measuring: true } : { ranking: [...step.ranking].map(([key, own]) => [key, [...own]]) },
      ),
  });
  const entries = new Map(result.entries.map((entry) => [entry.key, entry]));
  const { referenceNs, droppedNetworks } = result.protocol;
  return {
    networks: result.networks.length,
    droppedNetworks: Number(droppedNetworks ?? 0),
    levelNs: Number(referenceNs),
    predictedMs: candidatesOf(bench, job).map((own) => predictMs(quantizeNetwork(source, own), entries, result)!),
  };
}

/** Times the candidates until the profile has come to its end. */
async function timeCandidates(
  bench: Bench,
  job: TurnJob,
  ranking: ReadonlyMap<string, readonly string[]>,
): Promise<TruthFacts> {
  const sessions = candidatesOf(bench, job).map((assignment) => loadAssignment(bench, assignment, { ranking }));
  const until: NetworkTimingOptions = {
    rounds: ROUNDS,
    isOver: () => finalLevelNs !== undefined,
    get levelNs() {
      return finalLevelNs;
    },
  };
  const { times, levelNs, atLevel } = await timeNetworks(
    sessions,
    bench.input,
    bench,
    new Random(job.seed),
    until,
    bench,
  );
  return {
    measuredMs: times.map(({ median }) => median),
    atLevel,
    leastSamples: Math.min(...times.map(({ count }) => count)),
    atItsSpeed: isSameLevel(finalLevelNs!, levelNs),
  };
}
