import { type Command, Option } from 'commander';
import type { Lut } from '../../../lut/schema.ts';
import { type LutRow, showLut } from '../../../lut/show.ts';
import { readDevice } from '../../../node/device.ts';
import { openTable } from '../../../node/tables.ts';
import type { CliContext } from '../../session.ts';
import { renderTable } from '../../table.ts';
import { describeError } from '../../validation-text.ts';

interface ShowFlags {
  filter?: string;
}

/** `bitbudget lut show`. */
export function registerShow(lut: Command, context: CliContext): void {
  const show = lut
    .command('show')
    .description('print a table')
    .argument('[file]', 'a table; the newest of this device unless given')
    .addOption(new Option('--filter <text>', 'only entries whose key holds this, such as conv2d or w4a4'));
  context.handle<ShowFlags>(show, async ([given], { filter }, { files }) => {
    const { path, table } = await openTable(files, given, readDevice());
    const entries = table.entries.filter(({ key }) => filter === undefined || key.includes(filter));
    return { document: { path, ...table, entries }, text: () => describeTable(path, table, showLut({ entries })) };
  });
}

function describeTable(path: string, table: Lut, rows: readonly LutRow[]): string {
  const { device, engine, conditions, protocol, measuredAt } = table;
  const us = (value: number) => value.toFixed(value < 100 ? 2 : 1);
  const body = renderTable(
    [
      { title: 'workload' },
      { title: 'scheme' },
      { title: 'variant' },
      { title: 'median µs', align: 'right' },
      { title: '95% interval', align: 'right' },
      { title: 'GOP/s', align: 'right' },
      { title: 'trust' },
    ],
    rows.map((row) => [
      row.workload,
      row.scheme,
      row.variant,
      us(row.medianUs),
      `${us(row.lowUs)} – ${us(row.highUs)}`,
      row.gops === undefined ? '' : row.gops.toFixed(1),
      row.trust,
    ]),
  );
  const known = (value: unknown) => (value === null ? 'unknown' : String(value));
  const head = [
    `${path}: ${table.entries.length} entries, protocol ${protocol.name}, scalar ${table.scalar.toFixed(4)}`,
    `${device.cpu}, ${device.cores} cores, ${device.os}; ${engine.name} ${engine.version}, ${table.threads} thread; ${measuredAt ?? 'no date'}`,
    `governor ${known(conditions.governor)}, ${known(conditions.tempC)} °C, throttled ${known(conditions.throttled)}, load ${known(conditions.load)}`,
  ];
  if (table.validation) head.push(`held-out networks, predicted against measured: ${describeError(table.validation)}`);
  return [...head, '', body].join('\n');
}
