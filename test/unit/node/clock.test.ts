import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { interruptionCounter } from '../../../src/node/clock.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function systemWith(schedstat: string | undefined) {
  const root = mkdtempSync(join(tmpdir(), 'bitbudget-clock-'));
  roots.push(root);
  mkdirSync(join(root, 'proc/self'), { recursive: true });
  const path = join(root, 'proc/self/schedstat');
  if (schedstat !== undefined) writeFileSync(path, schedstat);
  return { root, path };
}

describe('the counter of interruptions', () => {
  it('tells how long the process waited for a processor, as the system says it now', () => {
    const { root, path } = systemWith('81234567890 4000123 77\n');
    const { waitedNs } = interruptionCounter(1, root);
    expect(waitedNs!()).toBe(4_000_123);
    writeFileSync(path, '81234999999 4010123 78\n');
    expect(waitedNs!()).toBe(4_010_123);
  });

  it.each([
    ['is no such file', undefined],
    ['is something else in it', 'none\n'],
  ])('counts context switches where there %s', (_, text) => {
    const counter = interruptionCounter(1, systemWith(text).root);
    expect(counter.waitedNs).toBeUndefined();
    expect(counter.contextSwitches()).toBeGreaterThanOrEqual(0);
  });

  it('counts context switches of several threads', () => {
    expect(interruptionCounter(2, systemWith('1 2 3\n').root).waitedNs).toBeUndefined();
  });
});
