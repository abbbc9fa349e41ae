import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A network on images, as flags of the command line. */
export interface ProxyCase {
  name: string;
  /** What it is, for the table. */
  title: string;
  /** Of every command. */
  flags: string[];
  /** Of commands that run test images. */
  images: string[];
}

export interface CaseFlags {
  cases: string;
  samples: string;
  'resnet20-weights'?: string;
  'cifar-weights'?: string;
  'cifar-test'?: string;
  'cifar-calibration'?: string;
}

const IMAGENET = ['--mean', '0.485,0.456,0.406', '--std', '0.229,0.224,0.225'];

/** The cases that are asked for and whose files are given; the others are named. */
export function proxyCases(flags: CaseFlags): ProxyCase[] {
  const images = ['--samples', flags.samples];
  const cases: ProxyCase[] = [];
  for (const name of flags.cases.split(',')) {
    if (name === 'resnet8') {
      cases.push({ name, title: 'ResNet-8, built-in images', flags: ['--network', name], images });
    } else if (name === 'resnet20') {
      const weights = flags['resnet20-weights'];
      const own = weights ? ['--weights', weights] : [];
      cases.push({ name, title: 'ResNet-20, built-in images', flags: ['--network', name, ...own], images });
    } else if (name === 'cifar') {
      const { 'cifar-weights': weights, 'cifar-test': test, 'cifar-calibration': calibration } = flags;
      if (!weights || !test || !calibration) {
        process.stderr.write('skipped: cifar needs --cifar-weights, --cifar-test and --cifar-calibration\n');
        continue;
      }
      const own = ['--network', 'resnet20-a', '--weights', weights, ...IMAGENET, '--calibration-dataset', calibration];
      cases.push({ name, title: 'ResNet-20, CIFAR-10', flags: own, images: [...images, '--dataset', test] });
    } else {
      throw new Error(`no case ${name}`);
    }
  }
  return cases;
}

const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What a command prints under --json. */
export function bitbudget(...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...parameters, '--json', '--quiet'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${parameters.join(' ')}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}
