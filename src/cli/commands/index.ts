import type { Command } from 'commander';
import type { CliContext } from '../session.ts';
import * as demo from './demo.ts';
import * as doctor from './doctor.ts';
import * as evaluate from './evaluate.ts';
import * as inspect from './inspect.ts';
import * as lut from './lut/index.ts';
import * as predictor from './predictor/index.ts';
import * as profile from './profile.ts';
import * as proxy from './proxy/index.ts';
import * as report from './report.ts';
import * as search from './search.ts';
import * as solve from './solve.ts';
import * as train from './train.ts';
import * as verify from './verify.ts';

/** One entry a command, in the order in which help lists them. */
export const commands: readonly ((program: Command, context: CliContext) => void)[] = [
  doctor.register,
  inspect.register,
  profile.register,
  lut.register,
  search.register,
  solve.register,
  proxy.register,
  predictor.register,
  evaluate.register,
  train.register,
  verify.register,
  report.register,
  demo.register,
];
