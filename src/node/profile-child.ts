/**
 * A profile in a process of its own: nothing else, not even the progress display, runs beside the kernels. The parent sends
 * one job; progress, results and errors go back as messages.
 */
import { BitbudgetError } from '../core/errors.ts';
import { chooseMeter } from '../measure/energy/find-meters.ts';
import { type ProfileStep, profileNetwork } from '../measure/profile.ts';
import { profileSpace } from '../measure/space/profile-space.ts';
import { bindToCores } from './affinity.ts';
import { DEFAULT_CALIBRATION } from './calibrated-source.ts';
import { nodeFiles } from './files.ts';
import { kernelHashes } from './kernel-files.ts';
import { measuredSpace } from './measured-space.ts';
import type { ProfileJob, ProfileMessage } from './profile-process.ts';
import { nodeSystem } from './system.ts';
import { openWorkbench } from './workbench.ts';

/** Between two messages about progress. */
const PROGRESS_MS = 100;
/** Ranges of activations change no time: a few images are enough for networks that are timed and not evaluated. */
const CALIBRATION_SAMPLES = 4;

const cancellation = { aborted: false };
const send = (message: ProfileMessage) => void process.send!(message);

/** Sends, and waits until it has left: a large table takes a while, and whoever disconnects before cuts it off. */
const sendLast = (message: ProfileMessage) =>
  new Promise<void>((resolve, reject) =>
    process.send!(message, (error: Error | null) => (error ? reject(error) : resolve())),
  );

process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group; the parent says what to do
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ProfileJob | 'cancel') => {
  if (message === 'cancel') cancellation.aborted = true;
  else void run(message);
});

async function run(job: ProfileJob): Promise<void> {
  try {
    const { disabled, threads } = job;
    const workbench = await openWorkbench(job.network, {
      ...{ disabled: new Set(disabled), threads },
      calibration: { ...DEFAULT_CALIBRATION, method: 'minmax', samples: CALIBRATION_SAMPLES },
    });
    const cores = bindToCores(process.pid, threads);
    const bench = { ...workbench.bench({ cancellation, onProgress: progress() }), moveAside: () => cores.move() };
    const { patienceS, ...settings } = job.settings;
    if (patienceS !== undefined) bench.reference.waitAtMost(1e3 * patienceS);
    const options = {
      ...settings,
      known: new Map(job.known.map((entry) => [entry.key, entry])),
      variantHashes: await kernelHashes(),
      earlier: job.earlier && { ...job.earlier, ranking: new Map(job.earlier.ranking) },
      onProgressMade: (step: ProfileStep) =>
        send(
          'network' in step ? { network: step.network } : { ranking: [...step.ranking].map(([k, v]) => [k, [...v]]) },
        ),
    };
    const { network } = workbench.opened;
    const result = job.space
      ? await profileSpace(bench, network, measuredSpace(network, job.space), options)
      : await profileNetwork(bench, {
          ...options,
          schemes: job.schemes,
          meter: await chooseMeter(job.energy, nodeSystem(), nodeFiles, bench),
        });
    const { networks: _, ...facts } = result;
    facts.protocol.core = cores.core;
    await workbench.engine.dispose();
    await sendLast({ result: facts });
  } catch (error) {
    if (!(error instanceof BitbudgetError)) throw error;
    const { kind, message, remedy } = error;
    await sendLast({ error: { kind, message, remedy } });
  }
  process.disconnect();
}

/** Tells the parent at most ten times a second, and of every new stage. */
function progress() {
  let lastMs = 0;
  let stage = '';
  return (message: string, fraction: number) => {
    const ms = performance.now();
    if (message === stage && ms - lastMs < PROGRESS_MS) return;
    [lastMs, stage] = [ms, message];
    send({ progress: [message, fraction] });
  };
}
