import type { Command } from 'commander';
import { type NetworkSummary, summarize } from '../../network/summary.ts';
import { zooNetwork } from '../../network/zoo/index.ts';
import { networkFlag } from '../options.ts';
import type { CliContext } from '../session.ts';
import { renderTable } from '../table.ts';

/** `bitbudget inspect NETWORK`: layers, multiply-accumulates and parameters. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('inspect')
    .description("a network's layers, MACs and parameters")
    .argument('[network]', 'name of a zoo network')
    .addOption(networkFlag());
  context.handle<{ network: string }>(command, ([name], options) => {
    const summary = summarize(zooNetwork(name ?? options.network));
    return { document: summary, text: () => describeNetwork(summary) };
  });
}

function describeNetwork({ network, macs, parameters, layers }: NetworkSummary): string {
  const table = renderTable(
    [
      { title: 'layer' },
      { title: 'op' },
      { title: 'input' },
      { title: 'output' },
      { title: 'MACs', align: 'right' },
      { title: 'parameters', align: 'right' },
    ],
    layers.map((layer) => [
      layer.name,
      layer.op,
      layer.inputShape.join('×'),
      layer.outputShape.join('×'),
      layer.macs === 0 ? '' : grouped(layer.macs),
      layer.parameters === 0 ? '' : grouped(layer.parameters),
    ]),
  );
  return `${table}\n\n${network}: ${grouped(macs)} MACs, ${grouped(parameters)} parameters (before batch norm is folded)`;
}

function grouped(value: number): string {
  return value.toLocaleString('en');
}
