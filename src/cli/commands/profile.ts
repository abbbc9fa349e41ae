import { type Command, Option } from 'commander';
import { BitbudgetError } from '../../core/errors.ts';
import type { Files } from '../../core/ports.ts';
import type { Lut } from '../../lut/schema.ts';
import { PROTOCOLS, type ProtocolName } from '../../measure/protocols.ts';
import { describeHost } from '../../node/host.ts';
import { openGraph } from '../../node/open-network.ts';
import { DEFAULT_PROFILE, profileThisMachine } from '../../node/profile.ts';
import { type OpenedTable, tablePath } from '../../node/tables.ts';
import { checkSpaceConfig, createSearchSpace, type SpaceConfig } from '../../space/index.ts';
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
import { readSpace } from '../read-space.ts';
import type { CliContext } from '../session.ts';
import { describeError, describeInterpolation, percent } from '../validation-text.ts';

/** More entries with fewer samples each are what interpolation learns the most from. */
const SPACE_VISITS = 8;

interface ProfileFlags extends SchemeOptions {
  protocol: ProtocolName;
  network: string;
  space?: string;
  out?: string;
  threads: number;
  seed: number;
  visits?: number;
  timeMaxS?: number;
  patienceS?: number;
  resume?: boolean;
  energy: string;
  strict?: boolean;
}

/** `bitbudget profile`: measures this device and writes its table. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('profile')
    .description('measure this device: the lookup table of every layer at every scheme')
    .addOption(networkFlag())
    .addOption(
      new Option(
        '--space <file>',
        'the designs of a search space, from a file (docs/spaces.md) or by the name of a preset, instead of schemes alone',
      ),
    );
  for (const option of schemeOptions()) command.addOption(option);
  command
    .addOption(new Option('--out <file>', 'the table; lut/<device>/<engine>-….json unless given'))
    .addOption(
      new Option('--protocol <name>', 'how entries are measured: docs/measurement.md says what each is good for')
        .choices(PROTOCOLS)
        .default(DEFAULT_PROFILE.protocol),
    )
    .addOption(threadsFlag())
    .addOption(seedFlag())
    .addOption(
      new Option(
        '--visits <n>',
        `samples of every entry; ${DEFAULT_PROFILE.visits}, and ${SPACE_VISITS} of a space unless given`,
      ).argParser(wholeNumber(2, 1000)),
    )
    .addOption(
      new Option(
        '--time-max-s <s>',
        'stop measuring after this long; of a space as much as fits is measured, the rest interpolated',
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--patience-s <s>',
        'how long each stage waits for other programs to rest before it measures beside them; 60, or a quarter of --time-max-s, unless less is given',
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--resume',
        'go on where a profile was interrupted or ran out of time; or else keep the stable entries and measure the rest',
      ),
    )
    .addOption(
      new Option('--energy <meter>', "auto, off, a meter that `doctor` lists, or a USB meter's log (.csv)").default(
        DEFAULT_PROFILE.energy,
      ),
    )
    .addOption(new Option('--strict', 'exit with 4 if not every entry is stable, or if the meter failed'));
  context.handle<ProfileFlags>(command, async (_, flags, { files, cancellation, progress, note }) => {
    const { network, space } = await whatToMeasure(flags, command, files);
    const graph = await openGraph(network); // what is wrong with names is said before the kernels are tested
    if (space) createSearchSpace(graph, space);
    if (space && flags.protocol !== 'in-context') {
      const problem = `--protocol ${flags.protocol} does not go with --space.`;
      throw new BitbudgetError('usage', problem, 'A space is measured in context; leave out --protocol.');
    }
    const schemes = space ? [] : schemesOf(flags);
    progress('testing the kernels', 0);
    const host = await describeHost(flags.threads);
    const out = flags.out ?? tablePath(host.device, host.engine, flags.threads, flags.protocol);
    note(
      `Profiling ${network}${space ? `, ${flags.space}` : ''} on ${host.device.cpu}, ${host.engine.name} ${host.engine.version}.`,
    );
    const remark = threadsRemark(flags.threads, host.device.cores);
    if (remark) note(remark);
    const settings = {
      ...DEFAULT_PROFILE,
      ...(space && { visits: SPACE_VISITS }),
      ...flags,
      schemes,
      space,
      out,
      resume: flags.resume ?? false,
    };
    const opened = await profileThisMachine(network, host, settings, {
      files,
      cancellation,
      onProgress: progress,
    });
    const untrusted = opened.table.entries.filter(({ trust }) => trust !== 'stable').length;
    if (flags.strict && untrusted > 0) throw untrustedTable(opened, untrusted);
    const { energyProblem } = opened;
    if (flags.strict && energyProblem) throw unmeasuredEnergy(energyProblem);
    if (energyProblem) note(`Energy is modelled where it was not measured. ${energyProblem}`);
    return { document: summaryOf(opened), text: () => describeProfile(opened) };
  });
}

/** The network and the configuration of the space, if one is asked for, with what may not stand beside it refused. */
async function whatToMeasure(
  flags: ProfileFlags,
  command: Command,
  files: Files,
): Promise<{ network: string; space?: SpaceConfig }> {
  const { network, space: source, energy } = flags;
  if (source === undefined) return { network };
  const given = (name: string) => command.getOptionValueSource(name) !== 'default' && name in command.opts();
  const stray = ['bits', 'schemes'].find(given);
  if (stray) {
    const problem = `--${stray} and --space say both what is to be measured.`;
    throw new BitbudgetError('usage', problem, `Name the schemes in ${source} alone.`);
  }
  if (!['auto', 'off'].includes(energy)) {
    const problem = 'The energy of a space is modelled; no meter can be read for it.';
    throw new BitbudgetError('usage', problem, 'Give --energy off, or profile a network without --space.');
  }
  const read = await readSpace(source, given('network') ? network : undefined, network, files);
  return { network: read.network, space: checkSpaceConfig(read.space, source, 'usage') };
}

function unmeasuredEnergy(problem: string): BitbudgetError {
  return new BitbudgetError('verification', problem, 'Mend the meter and profile with --resume, or give --energy off.');
}

function untrustedTable({ path, table }: OpenedTable, untrusted: number): BitbudgetError {
  const { doubts } = table.protocol;
  const why = doubts ? ` (${doubts})` : '';
  const problem = `${untrusted} of ${table.entries.length} entries of ${path} are not stable${why}.`;
  const remedy = 'Close other programs, let the device cool down and run `bitbudget profile --resume --strict`.';
  return new BitbudgetError('verification', problem, remedy);
}

function summaryOf({ path, table }: OpenedTable) {
  const { entries, sha256, ...facts } = table;
  return { path, sha256, ...facts, entries: entries.length, trust: countTrust(table) };
}

function countTrust({ entries }: Lut): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { trust } of entries) counts[trust] = (counts[trust] ?? 0) + 1;
  return counts;
}

function describeProfile({ path, table }: OpenedTable): string {
  const trust = Object.entries(countTrust(table)).map(([verdict, n]) => `${n} ${verdict}`);
  const lines = [`${path}: ${table.entries.length} entries (${trust.join(', ')})`];
  if (table.protocol.doubts) lines.push(`What speaks against it: ${table.protocol.doubts}.`);
  if (table.validation) {
    lines.push(`Held-out networks, predicted against measured: ${describeError(table.validation)}.`);
  } else if (table.protocol.validationSlowdown === null) {
    lines.push('Not validated: other work on this machine disturbed every run of a held-out network.');
  } else if (table.protocol.validationSlowdown !== 1) {
    const slowdown = percent(Number(table.protocol.validationSlowdown) - 1);
    lines.push(`Not validated: the machine's speed had changed by ${slowdown} when whole networks were timed.`);
  }
  if (table.interpolation) lines.push(...describeInterpolation(table.interpolation));
  const { energyMeter, energyNetworks, energyMedianRelativeError: energyError } = table.protocol;
  if (energyMeter !== undefined && table.energySource !== 'model') {
    const error =
      typeof energyError === 'number' ? `; ${energyNetworks} whole networks: median error ${percent(energyError)}` : '';
    lines.push(`Energy above idle: measured by ${energyMeter}${error}.`);
  }
  for (const { variant, reason } of table.disabled) lines.push(`Disabled: ${variant} (${reason}).`);
  return lines.join('\n');
}
