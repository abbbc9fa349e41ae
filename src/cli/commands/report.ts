import type { Command } from 'commander';
import { renderReportFile } from '../../node/report-files.ts';
import { newestRun } from '../../node/runs.ts';
import type { CliContext } from '../session.ts';

/** `bitbudget report`: the page of a run. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('report')
    .description("render a run's report.html anew")
    .argument('[run]', 'a run folder; the newest under runs/ unless given');
  context.handle(command, async ([run], _, { files }) => {
    const page = await renderReportFile(files, run ?? (await newestRun(files)));
    return { document: { report: page }, text: () => page };
  });
}
