import { type Command, Option } from 'commander';
import { writeLut } from '../../../lut/file.ts';
import { IMPORT_FORMATS, importTable } from '../../../lut/import/index.ts';
import { openGraph } from '../../../node/open-network.ts';
import { positiveNumber } from '../../options.ts';
import type { CliContext } from '../../session.ts';

interface ImportFlags {
  network: string;
  clockMhz?: number;
  device?: string;
  out?: string;
}

/** `bitbudget lut import`: tables of other tools. */
export function registerImport(lut: Command, context: CliContext): void {
  const formats = IMPORT_FORMATS.map(({ format, unit, meaning }) => `  ${format}\n      ${unit}:\n      ${meaning}`);
  const command = lut
    .command('import')
    .description("make a table of another tool's, marked as imported")
    .argument('<format>', IMPORT_FORMATS.map(({ format }) => format).join(', '))
    .argument('<file>', 'its file')
    .addOption(new Option('--out <file>', 'the table; lut/<device>/<format>.json unless given'))
    .addOption(
      new Option('--network <name>', 'for haq: the network whose layers the file counts').default('mobilenet-v2'),
    )
    .addOption(new Option('--clock-mhz <mhz>', 'for haq: what turns cycles into time').argParser(positiveNumber))
    .addOption(new Option('--device <name>', 'for ofa: what the file was measured on'))
    .addHelpText('after', `\nFormats, the unit of their figures and what these mean:\n${formats.join('\n')}`);
  context.handle<ImportFlags>(command, async ([format, path], flags, { files, note }) => {
    const source = { name: path, bytes: await files.readBytes(path) };
    const { content, notes } = importTable(format, source, { ...flags, network: await openGraph(flags.network) });
    const out = flags.out ?? `lut/${content.device.id}/${format}.json`;
    const table = await writeLut(files, out, content);
    for (const remark of notes) note(remark);
    const { protocol, device } = table;
    const document = { path: out, sha256: table.sha256, entries: table.entries.length, device, protocol, notes };
    return {
      document,
      text: () =>
        [
          `${out}: ${table.entries.length} entries of ${device.model}, all marked imported`,
          `unit: ${protocol.unit}`,
          `meaning: ${protocol.meaning}`,
        ].join('\n'),
    };
  });
}
