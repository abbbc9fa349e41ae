import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { BitbudgetError } from '../../core/errors.ts';
import type { Files } from '../../core/ports.ts';
import { Random } from '../../core/random.ts';
import { assertSameDevice, assertSameKernels } from '../../lut/compatibility.ts';
import { createInterpolator } from '../../lut/interpolation/interpolate.ts';
import { tableLevelNs } from '../../lut/protocol.ts';
import { tableRanking } from '../../lut/ranking.ts';
import type { Lut } from '../../lut/schema.ts';
import { measuredSchemes } from '../../measure/reachable.ts';
import { drawAssignment } from '../../measure/sampler.ts';
import { NO_REDUCTION } from '../../network/reduce/index.ts';
import type { Network } from '../../network/types.ts';
import { withOwnCore } from '../../node/affinity.ts';
import { candidateDesign, DesignBuilder } from '../../node/designs.ts';
import { readDevice } from '../../node/device.ts';
import { describeHost, disabledIds } from '../../node/host.ts';
import { kernelHashes } from '../../node/kernel-files.ts';
import { newestFront } from '../../node/runs.ts';
import { deviceFacts, openTable } from '../../node/tables.ts';
import { openWorkbench, type Workbench } from '../../node/workbench.ts';
import { parseCandidate } from '../../quant/candidate.ts';
import type { Design } from '../../quant/design.ts';
import { type VerificationReport, type VerifiedNetwork, verifyNetworks } from '../../verify/verify.ts';
import { networkFlag, positiveNumber, seedFlag, threadsFlag, threadsRemark, wholeNumber } from '../options.ts';
import type { CliContext, Session } from '../session.ts';
import { renderTable } from '../table.ts';
import { describeError, describeSlowdown, percent } from '../validation-text.ts';

interface VerifyFlags {
  network: string;
  lut?: string;
  random?: number;
  candidate?: string[];
  threads: number;
  seed: number;
  maxError: number;
  interpolate?: boolean;
  strict?: boolean;
}

/** `bitbudget verify`: runs networks on this device and holds the table's predictions against them. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('verify')
    .description('run networks on this device: measured latency beside predicted, and the error of the set')
    .addOption(networkFlag())
    .addOption(new Option('--lut <file>', 'the table; the newest of this device unless given'))
    .addOption(new Option('--random <k>', 'so many random candidates').argParser(wholeNumber(1, 1000)))
    .addOption(new Option('--candidate <file...>', 'these candidates; the front of the newest run unless given'))
    .addOption(threadsFlag())
    .addOption(seedFlag())
    .addOption(
      new Option('--max-error <share>', 'largest median error, in % or as a share')
        .argParser(errorShare)
        .default(0.05, '5%'),
    )
    .addOption(new Option('--interpolate', 'predict shapes that the table lacks from those that it holds'))
    .addOption(new Option('--strict', 'exit with 4 as well if an entry that is used is not stable'));
  context.handle<VerifyFlags>(command, async (_, flags, session) => {
    const { network, space, designsOf } = await chooseCandidates(flags, session);
    const { table, path } = await openTable(session.files, flags.lut, readDevice(), flags.threads);
    const host = await describeHost(flags.threads);
    const remark = threadsRemark(flags.threads, host.device.cores);
    if (remark) session.note(remark);
    assertSameDevice(table, host.device, host.engine);
    const workbench = await openWorkbench(network, { disabled: disabledIds(host), threads: flags.threads });
    const builder = new DesignBuilder(workbench);
    const device = {
      ...{ table, device: await deviceFacts(session.files, table), measuredAs: { network, space, table: path } },
      ...(flags.interpolate && { estimateEntry: createInterpolator(table).entryOf }),
    };
    const networks = designsOf(workbench, table).map((design) => {
      const { cost, keys, schemes } = builder.price(design, device);
      return { schemes, keys, latencyMs: cost.latencyMs, quantized: builder.quantize(design) };
    });
    const keys = new Set(networks.flatMap((own) => own.keys));
    assertSameKernels(table, await kernelHashes(), keys);
    const { cancellation, progress: onProgress } = session;
    const bench = workbench.bench({ cancellation, onProgress });
    const report = await withOwnCore(bench, (calm) =>
      verifyNetworks(calm, networks, { seed: flags.seed, ranking: tableRanking(table), levelNs: tableLevelNs(table) }),
    ).finally(() => workbench.engine.dispose());
    const untrusted = table.entries.filter(({ key, trust }) => keys.has(key) && trust !== 'stable').length;
    const failed = report.medianRelativeError > flags.maxError || (flags.strict === true && untrusted > 0);
    return {
      document: report,
      text: () => describeVerification(report, flags, untrusted),
      exitCode: failed ? 4 : 0,
    };
  });
}

/** `5%`, `5` or `0.05`: from 1 upwards a number is a percentage. */
function errorShare(text: string): number {
  const value = positiveNumber(text.replace(/%$/, ''));
  return text.endsWith('%') || value >= 1 ? value / 100 : value;
}

type DesignsOf = (workbench: Workbench, table: Lut) => Design[];

async function chooseCandidates(
  flags: VerifyFlags,
  { files }: Session,
): Promise<{ network: string; space?: string; designsOf: DesignsOf }> {
  if (flags.random !== undefined) {
    const { random: count, network, seed } = flags;
    return { network, designsOf: ({ folded }, table) => randomDesigns(folded, table, count, seed) };
  }
  const paths = flags.candidate ?? (await newestFront(files));
  const candidates = await Promise.all(paths.map(async (path) => parseCandidate(await files.readText(path), path)));
  const [{ network }] = candidates;
  const stranger = candidates.find((candidate) => candidate.network !== network);
  if (stranger) {
    const problem = `The candidates are of different networks, ${network} and ${stranger.network}.`;
    throw new BitbudgetError('usage', problem, 'Verify the candidates of one network at a time.');
  }
  const designsOf: DesignsOf = ({ opened }) =>
    candidates.map((candidate) => candidateDesign(opened.network, candidate));
  const slim = candidates.findIndex(({ layers }) => layers.some(({ keptChannels, kernel }) => keptChannels ?? kernel));
  return { network, space: slim < 0 ? undefined : await spaceOfRun(paths[slim], files), designsOf };
}

/** The configuration of the run that a candidate lies in the front of; its space is the one to profile. */
async function spaceOfRun(candidate: string, files: Files): Promise<string | undefined> {
  const path = join(dirname(candidate), '..', 'config.json');
  return (await files.exists(path)) ? path : undefined;
}

/** Random candidates over the schemes that the table holds for this network, drawn with a seed that no profile uses. */
function randomDesigns(folded: Network, table: Lut, count: number, seed: number): Design[] {
  const random = new Random(seed ^ 0x7e51f1);
  const held = [...new Set(table.entries.map(({ scheme }) => scheme))].filter((scheme) => scheme !== 'u8').sort();
  const schemes = measuredSchemes(folded, held, new Set(table.entries.map(({ key }) => key)));
  return Array.from({ length: count }, () => ({
    reduction: NO_REDUCTION,
    schemes: drawAssignment(folded, schemes, random),
  }));
}

function describeVerification(report: VerificationReport, flags: VerifyFlags, untrusted: number): string {
  const ms = (value: number) => value.toFixed(3);
  const strange = report.networks.filter(({ atOtherSpeed }) => atOtherSpeed).length;
  const table = renderTable(
    [
      { title: 'network' },
      { title: 'predicted ms', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: 'measured ms', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: 'error', align: 'right' },
    ],
    report.networks.map((network, i) => [
      `${i + 1}: ${briefSchemes(network)}`,
      ms(network.predictedMs),
      `${ms(network.lowMs)} – ${ms(network.highMs)}`,
      ms(network.measuredMs),
      `${ms(network.measuredLowMs)} – ${ms(network.measuredHighMs)}`,
      percent((network.predictedMs - network.measuredMs) / network.measuredMs),
    ]),
  );
  const lines = [
    table,
    '',
    `Predicted against measured: ${describeError({ ...report, networks: report.networks.length - strange })}.`,
  ];
  if (strange > 0)
    lines.push(`${strange} more were timed only while the machine ran at other speeds, and do not count.`);
  lines.push(...describeSlowdown(report.slowdown));
  if (report.medianRelativeError > flags.maxError) {
    lines.push(`The median error is above ${percent(flags.maxError)}: measure again with \`bitbudget profile\`.`);
  }
  if (untrusted > 0) lines.push(`${untrusted} of the entries used are not stable; \`bitbudget lut show\` names them.`);
  return lines.join('\n');
}

/** The most frequent schemes of a network and how many layers have them. */
function briefSchemes({ schemes }: VerifiedNetwork): string {
  const counts = new Map<string, number>();
  for (const scheme of schemes) counts.set(scheme, (counts.get(scheme) ?? 0) + 1);
  const ranked = [...counts].sort((a, b) => b[1] - a[1]);
  const shown = ranked.slice(0, 3).map(([scheme, n]) => `${n}×${scheme}`);
  return `${shown.join(' ')}${ranked.length > 3 ? ' …' : ''}`;
}
