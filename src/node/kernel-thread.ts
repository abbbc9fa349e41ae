/** A thread of a kernel team: it runs kernels until the team ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { type HelperTask, serveTeam } from '../kernels/serve-team.ts';
import { nodeClock } from './clock.ts';

serveTeam(workerData as HelperTask, nodeClock, () => parentPort!.postMessage('ready'));
