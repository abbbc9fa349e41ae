import { type Command, Option } from 'commander';
import { KERNEL_VARIANTS } from '../../kernels/registry.ts';
import { measureClockStepNs } from '../../measure/clock-step.ts';
import { readDevice, readEngine } from '../../node/device.ts';
import { selfTestInBothTiers } from '../../node/self-test-process.ts';
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
    const variants = KERNEL_VARIANTS.map(({ id, op, scheme }): VariantStatus => {
      const reason = reasons.get(id);
      return reason === undefined ? { id, op, scheme, status: 'ok' } : { id, op, scheme, status: 'disabled', reason };
    });
    const device = readDevice();
    const engine = readEngine(['simd']);
    const stepNs = measureClockStepNs(clock);
    const document = { device, engine, clock: { stepNs, crossOriginIsolated: null }, variants, meters: [] };
    const text = () =>
      [
        `${device.cpu} (${device.id}), ${device.cores} cores, ${device.os}`,
        `${engine.name} ${engine.version}; clock step ${stepNs.toFixed(0)} ns; no energy meter, so energy is modelled`,
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
        `Every variant was held against the reference in both compiler tiers${cached ? ' (verdict kept from an earlier run)' : ''}.`,
      ].join('\n');
    return { document, text };
  });
}
