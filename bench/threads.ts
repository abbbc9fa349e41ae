/**
 * How much faster a network runs with several threads: `npm run bench:threads [THREADS [NETWORK...]]`. One interleaved run:
 * in every round each engine runs each network for a few milliseconds, in an order that turns; the speed-up is the median of
 * the rounds' ratios. All logits are compared on the way.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../src/engine/session.ts';
import { summarizeSamples } from '../src/measure/statistics.ts';
import { DEFAULT_CALIBRATION } from '../src/node/calibrated-source.ts';
import { nodeClock } from '../src/node/clock.ts';
import { createEngine } from '../src/node/network-engine.ts';
import { openWorkbench } from '../src/node/workbench.ts';
import { quantizeNetwork } from '../src/quant/quantize.ts';
import type { Scheme } from '../src/quant/scheme.ts';
import { uniformSchemes } from '../src/quant/tensor-plan.ts';

const [threadsText = '2', ...names] = process.argv.slice(2);
const threads = Number(threadsText);
const SCHEMES: Scheme[] = ['f32', 'w8a8', 'w4a4', 'w2a2'];
const ROUNDS = 41;
/** Untimed runs first, for caches and sleeping threads, then a sample. */
const WARM_MS = 4;
const SAMPLE_MS = 8;
/** After a turn a helper stays awake for 5 ms; it must not take a core from the next one. */
const PAUSE_MS = 10;

interface Contender {
  session: Session;
  samplesMs: number[];
}

for (const name of names.length > 0 ? names : ['resnet20', 'ds-cnn', 'mobilenet-v2-0.35-96', 'mobilenet-v2']) {
  const { engine, folded, source, images } = await openWorkbench(name, {
    calibration: { ...DEFAULT_CALIBRATION, samples: 4 },
  });
  const team = (await createEngine({ threads })).engine;
  for (const scheme of SCHEMES) {
    const network = quantizeNetwork(source, uniformSchemes(folded, scheme));
    const contenders = [engine, team].map((host): Contender => ({ session: host.load(network), samplesMs: [] }));
    const [expected, actual] = contenders.map(({ session }) => session.run(images[0]));
    if (Buffer.compare(Buffer.from(expected.buffer), Buffer.from(actual.buffer)) !== 0)
      throw new Error(`${name} ${scheme}: other logits with ${threads} threads`);
    for (let round = 0; round < ROUNDS; round++) {
      for (const contender of round % 2 ? contenders.toReversed() : contenders) {
        await sleep(PAUSE_MS);
        timeRuns(contender.session, images[0], WARM_MS);
        contender.samplesMs.push(timeRuns(contender.session, images[0], SAMPLE_MS));
      }
    }
    report(name, scheme, contenders);
    for (const { session } of contenders) session.dispose();
  }
  await team.dispose();
}

/** Milliseconds of the median run of as many as the time allows, three at least. */
function timeRuns(session: Session, image: Uint8Array, forMs: number): number {
  const runsMs: number[] = [];
  const endNs = nodeClock.nowNs() + forMs * 1e6;
  while (runsMs.length < 3 || nodeClock.nowNs() < endNs) {
    session.setInput(image);
    const startNs = nodeClock.nowNs();
    session.execute();
    runsMs.push((nodeClock.nowNs() - startNs) / 1e6);
  }
  return summarizeSamples(runsMs).median;
}

function report(name: string, scheme: Scheme, [one, several]: Contender[]): void {
  const ratio = summarizeSamples(one.samplesMs.map((ms, round) => ms / several.samplesMs[round]));
  const [oneMs, severalMs] = [one, several].map(({ samplesMs }) => summarizeSamples(samplesMs).median.toFixed(3));
  const parts = several.session.steps.filter(({ parts }) => parts > 1).length;
  const interval = `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`;
  process.stdout.write(
    `${name} ${scheme}: ${oneMs} ms with 1 thread, ${severalMs} ms with ${threads}; ${ratio.median.toFixed(2)} times as fast (${interval}), ${parts} of ${several.session.steps.length} layers shared\n`,
  );
}
