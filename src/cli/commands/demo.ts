import { type Command, Option } from 'commander';
import { type DemoNetwork, type DemoResult, type DemoSettings, runDemo } from '../../node/demo.ts';
import { describeHost } from '../../node/host.ts';
import { collectReport, writeReport } from '../../node/report-files.ts';
import { keepsBudget } from '../../verify/verify.ts';
import {
  networkFlag,
  positiveNumber,
  type SchemeOptions,
  schemeOptions,
  schemesOf,
  seedFlag,
  threadsFlag,
  threadsRemark,
  wholeNumber,
} from '../options.ts';
import { DEFAULT_STUDY } from '../search-options.ts';
import type { CliContext, Session } from '../session.ts';
import { renderTable } from '../table.ts';
import { describeError, percent } from '../validation-text.ts';

interface DemoFlags extends SchemeOptions {
  network: string;
  latencyBudgetMs?: number;
  seed: number;
  evaluations: number;
  samples: number;
  threads: number;
  workers?: number;
  timeMaxS: number;
  out?: string;
}

/** Candidates of the front that the demo runs. */
const CANDIDATES = 8;

const VERDICTS = { within: 'within', 'within-interval': 'within its interval', over: 'OVER' } as const;

/** `bitbudget demo`: the whole job on this machine. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('demo')
    .description('the whole job on this machine: profile, search under a latency budget, run, verify, report')
    .addOption(networkFlag());
  for (const option of schemeOptions()) command.addOption(option);
  command
    .addOption(
      new Option(
        '--latency-budget-ms <ms>',
        'the budget; halfway between the fastest candidate and w8a8 throughout unless given',
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option('--evaluations <n>', 'candidates to evaluate')
        .argParser(wholeNumber(1, 1e7))
        .default(DEFAULT_STUDY.evaluations),
    )
    .addOption(
      new Option('--samples <n>', 'test images for each candidate that is run').argParser(wholeNumber(1)).default(2000),
    )
    .addOption(
      new Option('--workers <n>', 'threads that run them; all cores unless given').argParser(wholeNumber(1, 256)),
    )
    .addOption(
      new Option('--time-max-s <s>', 'stop profiling after this long: beside busy neighbours it would take longer')
        .argParser(positiveNumber)
        .default(90),
    )
    .addOption(threadsFlag())
    .addOption(seedFlag())
    .addOption(new Option('--out <folder>', 'the run folder').default('runs/demo'));
  context.handle<DemoFlags>(command, (_, flags, session) => demo(flags, session, context.io.version));
}

async function demo(flags: DemoFlags, session: Session, version: string) {
  const { files, cancellation, progress: onProgress, note } = session;
  note('Testing the kernels in both compiler tiers.');
  const host = await describeHost(flags.threads);
  note(`This machine: ${host.device.cpu}, ${host.device.cores} cores, ${host.engine.name} ${host.engine.version}.`);
  const { network, latencyBudgetMs, seed, evaluations, samples, threads, workers, timeMaxS } = flags;
  const remark = threadsRemark(threads, host.device.cores);
  if (remark) note(remark);
  const folder = flags.out ?? 'runs/demo';
  const settings: DemoSettings = {
    ...{ network, latencyBudgetMs, seed, evaluations, samples, threads, workers, timeMaxS, version, folder },
    schemes: schemesOf(flags),
    population: DEFAULT_STUDY.population,
    candidates: CANDIDATES,
  };
  const result = await runDemo(host, settings, { files, cancellation, onProgress, onStep: (step) => note(`${step}.`) });
  const best = bestOf(result);
  const report = collectReport({
    ...result,
    networks: result.networks.map(({ position, ...reported }, i) => ({
      ...reported,
      kind: position === undefined ? ('baseline' as const) : ('candidate' as const),
      proxyLoss: position === undefined ? undefined : result.search.study.front[position].loss,
      measured: result.verification.networks[i],
      best: i === best,
    })),
    command: `bitbudget demo --network ${network} --schemes ${settings.schemes} --latency-budget-ms ${result.latencyBudgetMs} --evaluations ${evaluations} --samples ${samples} --threads ${threads} --seed ${seed}`,
    version,
    seed,
    dataset: 'builtin',
  });
  const page = await writeReport(files, folder, report);
  await result.workbench.engine.dispose();
  return {
    document: { folder, report: page, ...report, points: undefined },
    text: () => describeDemo(result, best, page),
  };
}

/** Position of the most accurate candidate whose measurement does not break the budget. */
function bestOf({ networks, verification, latencyBudgetMs }: DemoResult): number {
  const eligible = networks.flatMap(({ position }, i) =>
    position !== undefined && keepsBudget(verification.networks[i], latencyBudgetMs) !== 'over' ? [i] : [],
  );
  const score = (i: number) => networks[i].accuracy?.top1 ?? -i;
  return eligible.reduce((best, i) => (best < 0 || score(i) > score(best) ? i : best), -1);
}

function describeDemo(result: DemoResult, best: number, page: string): string {
  const { networks, verification, latencyBudgetMs, opened } = result;
  const ms = (value: number) => value.toFixed(3);
  const row = ({ name, position, cost, accuracy }: DemoNetwork, i: number) => {
    const measured = verification.networks[i];
    const error = (measured.predictedMs - measured.measuredMs) / measured.measuredMs;
    return [
      i === best ? `${name} *` : name,
      ms(measured.predictedMs),
      `${ms(measured.measuredMs)} (${ms(measured.measuredLowMs)}–${ms(measured.measuredHighMs)})`,
      percent(error),
      position === undefined ? '' : VERDICTS[keepsBudget(measured, latencyBudgetMs)],
      `${cost.energyMj.value.toFixed(2)} ${cost.energyMj.source}`,
      (cost.sizeBytes / 1024).toFixed(1),
      (cost.ramBytes / 1024).toFixed(1),
      accuracy ? `${percent(accuracy.top1)} (${percent(accuracy.low)}–${percent(accuracy.high)})` : 'not run',
    ];
  };
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'network' },
    ...['predicted ms', 'measured ms (95%)', 'error'].map(right),
    { title: 'budget' },
    ...['energy mJ', 'size KiB', 'RAM KiB', 'top-1 (95%)'].map(right),
  ];
  const lines = ['', renderTable(columns, networks.map(row)), ''];
  lines.push(
    `Budget ${ms(latencyBudgetMs)} ms. Predicted against measured: ${describeError({ ...verification, networks: networks.length })}.`,
  );
  const untrusted = opened.table.entries.filter(({ trust }) => trust !== 'stable').length;
  if (untrusted > 0) {
    lines.push(
      `${untrusted} of the table's ${opened.table.entries.length} entries are not stable: other work disturbed the measuring.`,
    );
  }
  if (best >= 0) lines.push(`* is the most accurate candidate that keeps the budget.`);
  else lines.push('No candidate kept the budget when it was measured: profile again on a quiet machine, or raise it.');
  lines.push(`Report: ${page}`);
  return lines.join('\n');
}
