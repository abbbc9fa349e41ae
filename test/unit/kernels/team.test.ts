import { describe, expect, it } from 'vitest';
import {
  awaitChange,
  CLAIMED,
  claim,
  DONE,
  END,
  JOB,
  KERNEL,
  MAILBOX_WORDS,
  NO_KERNEL,
  writeFailure,
} from '../../../src/kernels/mailbox.ts';
import { KernelTeam } from '../../../src/kernels/team.ts';
import { nodeClock } from '../../../src/node/clock.ts';

/** A team whose helpers are words in memory: what they would say is written there beforehand. */
function teamOf(helpers: number) {
  const control = new Int32Array(new SharedArrayBuffer(helpers * MAILBOX_WORDS * 4));
  const ends: number[] = [];
  const end = async () => void ends.push(ends.length);
  const team = new KernelTeam(control, { clock: nodeClock, naps: 2, end });
  const begin = (helper: number, job: number) => (control[helper * MAILBOX_WORDS + CLAIMED] = job);
  const answer = (helper: number, job: number) => {
    begin(helper, job);
    control[helper * MAILBOX_WORDS + DONE] = job;
  };
  return { control, team, ends, begin, answer };
}

const parameters = (count: number) => Array.from({ length: count }, (_, i) => 1000 + i);

describe('a kernel team', () => {
  it('runs the first part itself and leaves one to each helper', () => {
    const { control, team, answer } = teamOf(2);
    const own: number[] = [];
    answer(0, 1);
    answer(1, 1);
    team.run((address) => own.push(address), 7, parameters(3));
    expect(team.threads).toBe(3);
    expect(own).toEqual([1000]);
    expect([0, 1].map((helper) => [...control.subarray(helper * MAILBOX_WORDS, helper * MAILBOX_WORDS + 3)])).toEqual([
      [1, 7, 1001],
      [1, 7, 1002],
    ]);
  });

  it('leaves helpers alone for which a layer has no part', () => {
    const { control, team, answer } = teamOf(2);
    answer(0, 1);
    team.run(() => {}, 7, parameters(2));
    expect(control[MAILBOX_WORDS + JOB]).toBe(0);
  });

  it('runs itself what no helper has begun', () => {
    const { control, team, answer } = teamOf(2);
    const own: number[] = [];
    answer(1, 1);
    team.run((address) => own.push(address), 7, parameters(3));
    expect(own).toEqual([1000, 1001]);
    expect(claim(control, 0, 1)).toBe(false); // the helper comes too late
    answer(1, 2);
    team.run((address) => own.push(address), 7, parameters(3));
    expect(own).toEqual([1000, 1001, 1000, 1001]);
  });

  it('gives up a helper that does not answer, and says so at once from then on', () => {
    const { team, begin } = teamOf(1);
    begin(0, 1);
    expect(() => team.run(() => {}, NO_KERNEL, parameters(2))).toThrow('A kernel thread failed: it does not answer.');
    let runs = 0;
    expect(() => team.run(() => runs++, NO_KERNEL, parameters(2))).toThrow(/does not answer/);
    expect(runs).toBe(0);
  });

  it("fails with what a helper's part failed with, after all are done, and goes on", () => {
    const { control, team, answer } = teamOf(2);
    answer(0, 1);
    answer(1, 1);
    writeFailure(control, 0, 'memory access out of bounds');
    expect(() => team.run(() => {}, 7, parameters(3))).toThrow(
      expect.objectContaining({ kind: 'unsupported', message: expect.stringMatching(/memory access out of bounds$/) }),
    );
    answer(0, 2);
    answer(1, 2);
    expect(() => team.run(() => {}, 7, parameters(3))).not.toThrow();
  });

  it('waits for its helpers where its own part fails', () => {
    const { team, begin } = teamOf(1);
    begin(0, 1);
    const fail = () => {
      throw new Error('unreachable');
    };
    expect(() => team.run(fail, 7, parameters(2))).toThrow('unreachable');
    // it has waited: the helper is known not to answer
    expect(() => team.run(() => {}, 7, parameters(2))).toThrow(/does not answer/);
  });

  it('takes back what no helper has begun where its own part fails', () => {
    const { control, team, answer } = teamOf(1);
    const fail = () => {
      throw new Error('unreachable');
    };
    expect(() => team.run(fail, 7, parameters(2))).toThrow('unreachable');
    expect(claim(control, 0, 1)).toBe(false);
    answer(0, 2);
    expect(() => team.run(() => {}, 7, parameters(2))).not.toThrow();
  });

  it('finds out in rehearsal that a helper does not answer', () => {
    expect(() => teamOf(1).team.rehearse()).toThrow(/does not answer/);
  });

  it('ends its helpers once, and runs nothing afterwards', async () => {
    const { control, team, ends } = teamOf(1);
    await Promise.all([team.dispose(), team.dispose()]);
    expect(control[KERNEL]).toBe(END);
    expect(ends).toEqual([0]);
    expect(() => team.run(() => {}, 7, parameters(2))).toThrow(/was disposed/);
  });

  it('counts jobs past the end of 32 bits', () => {
    const { control, team, answer } = teamOf(1);
    (team as unknown as { jobs: Int32Array }).jobs[0] = 2 ** 31 - 1;
    control[DONE] = 2 ** 31 - 1;
    answer(0, -(2 ** 31));
    let runs = 0;
    team.run(() => runs++, 7, parameters(2));
    expect(runs).toBe(1);
    expect(control[JOB]).toBe(-(2 ** 31));
  });
});

describe('waiting for a word', () => {
  const wait = (control: Int32Array, naps: number) =>
    awaitChange(control, 0, 0, 1, { nowNs: nodeClock.nowNs, spinNs: 1000 }, { count: naps, ms: 1 });

  it('ends when patience does, and leaves no sign of sleeping', () => {
    const control = new Int32Array(new SharedArrayBuffer(8));
    expect(wait(control, 3)).toBe(0);
    expect(control[1]).toBe(0);
  });

  it('returns what was written before', () => {
    const control = new Int32Array(new SharedArrayBuffer(8));
    control[0] = 5;
    expect(wait(control, 3)).toBe(5);
  });
});
