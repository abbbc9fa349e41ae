import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, run, runJson, temporaryFolder } from './command-line.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

const cases: [argv: string[], message: RegExp, remedy: RegExp][] = [
  [['inspect', 'resnet21'], /^Unknown network "resnet21"\.$/, /^Did you mean resnet20\? The zoo holds resnet8, /],
  [['profile', '--network', 'lenet'], /^Unknown network "lenet"\.$/, /^The zoo holds resnet8, /],
  [['inspect', 'mobilenet-v2-0.3x-96'], /^Unknown network "mobilenet-v2-0\.3x-96"\.$/, /such as mobilenet-v2-0\.35-96/],
  [['evaluate', '--schemes', 'w9a4'], /^Unknown scheme "w9a4"\.$/, /such as w4a8/],
  [['profile', '--schemes', 'w4a4,int8'], /^Unknown scheme "int8"\.$/, /wXaY/],
  [['profile', '--schemes', 'u8'], /^"u8" is no scheme for a layer with weights\.$/, /wXaY/],
  [['profile', '--bits', '2,9'], /^--bits cannot hold "9"\.$/, /from 1 to 8/],
  [['evaluate', '--dataset', 'imagenet'], /^Unknown dataset "imagenet"\.$/, /builtin/],
  [['evaluate', '--resize', '0x32'], /argument '0x32' is invalid\. Give a side from 1 to 8192/, /--help/],
  [['evaluate', '--mean', '0.5,0.5,0.5'], /^--mean 0\.5,0\.5,0\.5 and --std \(none\) do not belong/, /^Give both/],
  [['evaluate', '--post-training', 'magic'], /"magic" is none of equalise, adaround, batch-norm, bias\.$/, /--help/],
  [['inspect', '--netwrok', 'resnet8'], /^Unknown option '--netwrok'\.$/, /^Did you mean --network\? See /],
  [['inspect', '--zzz'], /^Unknown option '--zzz'\.$/, /--help/],
  [['profil'], /^Unknown command 'profil'\.$/, /^Did you mean profile\? See /],
  [['lut', 'chek', 'x.json'], /^Unknown command 'chek'\.$/, /^Did you mean check\? See /],
  [['lut', 'check'], /^Missing required argument 'file'\.$/, /--help/],
  [['lut'], /^No command given\.$/, /--help/],
  [[], /^No command given\.$/, /--help/],
  [['inspect', 'resnet8', 'resnet20'], /^Too many arguments for 'inspect'\./, /--help/],
  [['profile', '--visits', '1'], /argument '1' is invalid\. Give a whole number from 2 to 1000\.$/, /--help/],
  [['profile', '--visits', '2.5'], /argument '2\.5' is invalid\. Give a whole number/, /--help/],
  [['profile', '--seed', '-1'], /argument '-1' is invalid\. Give a whole number/, /--help/],
  [['profile', '--time-max-s', '0'], /argument '0' is invalid\. Give a number above 0\.$/, /--help/],
  [
    ['evaluate', '--calibration', 'magic'],
    /'magic' is invalid\. Allowed choices are minmax, percentile, mse\.$/,
    /--help/,
  ],
];

describe('a command line that cannot be meant', () => {
  it.each(cases)('%j ends with code 2, one sentence and a remedy', async (argv, message, remedy) => {
    const outcome = await run(...argv);
    expect(outcome.exitCode).toBe(2);
    const told = failure(outcome);
    expect(told.message).toMatch(message);
    expect(told.remedy).toMatch(remedy);
  });

  it.each(cases)('%j with --json is one document on stdout', async (argv, message, remedy) => {
    const { exitCode, document } = await runJson(...argv);
    expect(exitCode).toBe(2);
    expect(document).toEqual({
      error: { kind: 'usage', message: expect.stringMatching(message), remedy: expect.stringMatching(remedy) },
    });
  });
});

describe('help', () => {
  it('names every command and the exit codes, on stdout, with code 0', async () => {
    const { exitCode, stdout, stderr } = await run('--help');
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const command of ['doctor', 'inspect', 'profile', 'lut', 'evaluate', 'train', 'verify']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    }
    expect(stdout).toMatch(/0 done, 1 failed .*, 2 usage, 3 no feasible candidate/);
  });

  it('of a command tells its flags with their defaults', async () => {
    const { exitCode, stdout } = await run('profile', '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/--bits <list>[^-]*\(default: "2,4,8"\)/);
  });

  it('is not needed for the version', async () => {
    expect(await run('--version')).toEqual({ exitCode: 0, stdout: '0.0.0-test\n', stderr: '' });
  });
});
