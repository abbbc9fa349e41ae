import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release } from 'node:os';
import { join } from 'node:path';
import type { LutDevice, LutEngine } from '../lut/schema.ts';

/** Where the system's files are read from and what the process says of itself; tests put a folder of samples here. */
export interface SystemSource {
  /** The folder that holds `proc` and `sys`. */
  root: string;
  os: string;
  arch: string;
  cores: number;
  /** The processor's name where the system's files give none. */
  cpuModel: string;
}

/** This machine. */
export function thisSystem(): SystemSource {
  return {
    root: '/',
    os: `${platform()} ${release()}`,
    arch: arch(),
    cores: availableParallelism(),
    cpuModel: cpus()[0]?.model ?? '',
  };
}

/** Arm's processor cores by the part number in /proc/cpuinfo (Arm, Main ID Register, PartNum of implementer 0x41). */
const armParts: Readonly<Record<string, string>> = {
  '0xd03': 'Cortex-A53',
  '0xd04': 'Cortex-A35',
  '0xd05': 'Cortex-A55',
  '0xd07': 'Cortex-A57',
  '0xd08': 'Cortex-A72',
  '0xd09': 'Cortex-A73',
  '0xd0a': 'Cortex-A75',
  '0xd0b': 'Cortex-A76',
  '0xd0c': 'Neoverse-N1',
  '0xd40': 'Neoverse-V1',
  '0xd41': 'Cortex-A78',
  '0xd44': 'Cortex-X1',
  '0xd46': 'Cortex-A510',
  '0xd47': 'Cortex-A710',
  '0xd49': 'Neoverse-N2',
  '0xd4f': 'Neoverse-V2',
};

/** What a lookup table says of the device it was measured on. */
export function readDevice(source: SystemSource = thisSystem()): LutDevice {
  const cpuinfo = readSystemText(source.root, 'proc/cpuinfo') ?? '';
  const board = readSystemText(source.root, 'sys/firmware/devicetree/base/model');
  const cpu = readCpuName(cpuinfo, source);
  return {
    // one processor's name stands for machines of many sizes, a board's for one
    id: deviceId(board ?? `${cpu} ${source.cores} core`, source.arch),
    vendor: readSystemText(source.root, 'sys/class/dmi/id/sys_vendor') ?? (board ? board.split(' ')[0] : ''),
    model: readSystemText(source.root, 'sys/class/dmi/id/product_name') ?? board ?? '',
    cpu,
    cores: source.cores,
    os: source.os,
    arch: source.arch,
  };
}

/** The engine that runs the kernels, with the instruction sets that it was found to accept. */
export function readEngine(features: readonly string[]): LutEngine {
  return { name: 'node', version: process.versions.node, features: [...features] };
}

/**
 * A device's name as it stands in paths: the board or processor, then the architecture.
 *
 * @example deviceId('Intel(R) Xeon(R) Processor @ 2.50GHz', 'x64') // => 'intel-xeon-processor-2-5ghz-x64'
 * @example deviceId('Raspberry Pi 4 Model B Rev 1.4', 'arm64') // => 'raspberry-pi-4-model-b-rev-1-4-arm64'
 */
export function deviceId(name: string, architecture: string): string {
  const slug = name
    .toLowerCase()
    .replace(/\((?:r|tm|c)\)/g, ' ')
    .replace(/\bcpu\b/g, ' ')
    .replace(/\d+\.\d+(?=ghz)/g, (number) => String(Number(number)))
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `${slug || 'unknown'}-${architecture}`;
}

function readCpuName(cpuinfo: string, source: SystemSource): string {
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.+)$`, 'm').exec(cpuinfo)?.[1].trim();
  const known = source.cpuModel.trim();
  return (
    field('model name') ?? armParts[field('CPU part') ?? ''] ?? (known && known !== 'unknown' ? known : source.arch)
  );
}

/** The trimmed content of a file of the system, or undefined where there is none; device-tree texts end in a zero byte. */
export function readSystemText(root: string, path: string): string | undefined {
  try {
    const text = readFileSync(join(root, path), 'utf8').replace(/\0/g, '').trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
