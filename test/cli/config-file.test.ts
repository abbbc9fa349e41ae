import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serializeLut } from '../../src/lut/serialize.ts';
import { toyTable } from '../unit/lut/toy-table.ts';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

function config(text: string): string {
  const path = folder.path('bitbudget.yaml');
  writeFileSync(path, text);
  return path;
}

describe('--config', () => {
  it('gives what the flags leave open, and flags win', async () => {
    const path = config('network: resnet32\n');
    expect((await runJson('inspect', '--config', path)).document.network).toBe('resnet32');
    expect((await runJson('inspect', '--config', path, '--network', 'resnet56')).document.network).toBe('resnet56');
  });

  it('takes global flags, and the names of other commands without effect', async () => {
    const path = config('json: true\nvisits: 20\nschemes: [w8a8, w4a4]\nnetwork: resnet20-a\n');
    const { exitCode, stdout } = await run('inspect', '--config', path);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).network).toBe('resnet20-a');
  });

  it('reaches the commands below a command', async () => {
    const table = folder.path('table.json');
    writeFileSync(table, serializeLut(toyTable()));
    const { document } = await runJson('lut', 'show', table, '--config', config('filter: w4a4\n'));
    expect(document.entries).toHaveLength(1);
  });

  it('gives lists that a flag checks one by one', async () => {
    const tables = { loss: [[2, 1]], latency: [[1, 2]] };
    const problem = folder.path('problem.json');
    writeFileSync(problem, JSON.stringify({ tables }));
    const path = config(`problem: ${problem}\nobjectives: loss,latency\npick: [knee, "best:latency=1"]\n`);
    const { document } = await runJson('search', '--config', path);
    expect(document.picks.map(({ pick }: { pick: string }) => pick)).toEqual(['knee', 'best:latency=1']);
    expect(document.picks[1].metrics).toEqual({ loss: 2, latency: 1 });
    const outcome = await run('search', '--config', config(`problem: ${problem}\npick: [nee]\n`));
    expect(outcome.exitCode).toBe(2);
  });

  it('may be empty', async () => {
    expect((await run('inspect', '--config', config('# nothing yet\n'))).exitCode).toBe(0);
  });

  it.each([
    ['a name that no command knows', 'netwrok: resnet20\n', 2, /sets "netwrok", which no command knows/, /network\?/],
    ['a value of another kind', 'network: { name: resnet20 }\n', 2, /sets network to \{/, /a value or a list/],
    ['a word for a switch', 'quiet: perhaps\n', 2, /sets quiet to "perhaps"/, /true or false/],
    ['an unknown network', 'network: lenet\n', 2, /^Unknown network "lenet"\.$/, /resnet8/],
    ['a list on top', '- network\n', 1, /holds no names with values/, /./],
    ['no YAML', 'network: [resnet20\n', 1, /is not YAML: /, /./],
  ])('with %s is refused in one sentence', async (_, text, exitCode, message, remedy) => {
    const outcome = await run('inspect', '--config', config(text));
    expect(outcome.exitCode).toBe(exitCode);
    const told = failure(outcome);
    expect(told.message).toMatch(message);
    expect(told.remedy).toMatch(remedy);
  });

  it('checks values as it checks flags', async () => {
    const outcome = await run('profile', '--config', config('visits: 1\n'));
    expect(outcome.exitCode).toBe(2);
    expect(failure(outcome).message).toMatch(/whole number from 2 to 1000/);
  });

  it('says that there is no such file', async () => {
    const outcome = await run('inspect', '--config', folder.path('absent.yaml'));
    expect(outcome.exitCode).toBe(1);
    expect(failure(outcome).message).toMatch(/absent\.yaml: there is no such file/);
  });
});
