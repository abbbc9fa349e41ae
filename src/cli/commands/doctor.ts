import { type Command, Option } from 'commander';
import { supportedIsas } from '../../kernels/capabilities.ts';
import { kernelMatrix, MATRIX_WORKS, type MatrixCell } from '../../kernels/matrix.ts';
import { KERNEL_VARIANTS } from '../../kernels/registry.ts';
import { measureClockStepNs } from '../../measure/clock-step.ts';
import { findMeters } from '../../measure/energy/find-meters.ts';
import type { MeterListing } from '../../measure/energy/meter.ts';
import { readDevice, readEngine } from '../../node/device.ts';
import { selfTestInBothTiers } from '../../node/self-test-process.ts';
import { nodeSystem } from '../../node/system.ts';
import type { CliContext } from '../session.ts';
import { renderTable } from '../table.ts';

interface VariantStatus {
  id: string;
  op: string;
  scheme: string;
  status: 'ok' | 'disabled' | 'unsupported';
  reason?: string;
}

/** `bitbudget doctor`: what this machine is, and which kernels may be trusted on it. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description('this device, its clock, and the verdict on every kernel')
    .addOption(new Option('--refresh', 'test the kernels again instead of reading the kept verdict'));
  context.handle<{ refresh?: boolean }>(command, async (_, { refresh }, { clock, progress }) => {
    progress('testing the kernels in both compiler tiers', 0);
    const { disabled, cached } = await selfTestInBothTiers({ refresh });
    const reasons = new Map(disabled.map(({ variant, reason }) => [variant, reason]));
    const isas = supportedIsas();
    const variants = KERNEL_VARIANTS.map(({ id, op, scheme, isa }): VariantStatus => {
      const reason = reasons.get(id);
      if (reason !== undefined) return { id, op, scheme, status: 'disabled', reason };
      if (isas.includes(isa)) return { id, op, scheme, status: 'ok' };
      return { id, op, scheme, status: 'unsupported', reason: `this engine has no ${isa} SIMD` };
    });
    const matrix = kernelMatrix({ isas, disabled: new Set(reasons.keys()) }, reasons);
    const device = readDevice();
    const engine = readEngine(isas);
    const stepNs = measureClockStepNs(clock);
    const meters = (await findMeters(nodeSystem(), clock)).map(({ listing }) => listing);
    const document = { device, engine, clock: { stepNs, crossOriginIsolated: null }, variants, matrix, meters };
    const text = () =>
      [
        `${device.cpu} (${device.id}), ${device.cores} cores, ${device.os}`,
        `${engine.name} ${engine.version}; clock step ${stepNs.toFixed(0)} ns`,
        ...describeMeters(meters),
        '',
        renderTable(
          [{ title: 'op' }, { title: 'scheme' }, { title: 'variant' }, { title: 'status' }],
          variants.map(({ id, op, scheme, status, reason }) => [
            op,
            scheme,
            id,
            reason ? `${status}: ${reason}` : status,
          ]),
        ),
        '',
        'What serves each scheme; = means an alias of a wider one. Which variant is fastest a race tells, in `profile`.',
        renderMatrix(matrix),
        '',
        `Every variant was held against the reference in both compiler tiers${cached ? ' (verdict kept from an earlier run)' : ''}.`,
      ].join('\n');
    return { document, text };
  });
}

function describeMeters(meters: readonly MeterListing[]): string[] {
  if (meters.length === 0) return ['No energy meter was found, so energy is modelled.'];
  return meters.map(({ id, description, status, reason }) => {
    return `Energy meter ${id} (${description})${status === 'ok' ? '' : ` cannot be used: ${reason}`}.`;
  });
}

/** A row a scheme, a column a kind of layer: how many variants of its own, or the scheme that it is an alias of. */
function renderMatrix(matrix: readonly MatrixCell[]): string {
  const schemes = [...new Set(matrix.map(({ scheme }) => scheme))];
  const rows = schemes.map((scheme) => {
    const cells = matrix.filter((cell) => cell.scheme === scheme);
    return [scheme, ...MATRIX_WORKS.map((work) => cellText(cells.find((cell) => cell.work === work)!))];
  });
  return renderTable([{ title: 'scheme' }, ...MATRIX_WORKS.map((title) => ({ title }))], rows);
}

function cellText({ status, variants, why }: MatrixCell): string {
  if (status === 'alias') return `= ${why}`;
  if (status !== 'ok') return status;
  return variants.length === 1 ? '1 variant' : `${variants.length} variants`;
}
