import type { Command, Option } from 'commander';
import { parse, YAMLParseError } from 'yaml';
import { BitbudgetError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { Files } from '../core/ports.ts';

/**
 * Fills the options that the command line left open from the YAML file named by --config. A name that no command knows
 * is refused; one of another command is skipped, so that one file can serve several.
 */
export async function applyConfigFile(program: Command, command: Command, files: Files): Promise<void> {
  const path: string | undefined = command.optsWithGlobals().config;
  if (path === undefined) return;
  const values = parseConfig(path, await files.readText(path));
  const known = allOptions(program);
  for (const [name, value] of Object.entries(values)) {
    if (!known.has(name) || name === 'config') throw unknownName(path, name, [...known.keys()]);
    const owner = [command, program].find((c) => c.options.some((option) => option.attributeName() === name));
    const source = owner?.getOptionValueSource(name);
    if (!owner || (source !== undefined && source !== 'default')) continue;
    const option = owner.options.find((candidate) => candidate.attributeName() === name)!;
    owner.setOptionValueWithSource(name, readValue(path, name, option, value), 'config');
  }
}

function parseConfig(path: string, text: string): Record<string, unknown> {
  let values: unknown;
  try {
    values = parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const sentence = error.message.split('\n')[0].replace(/:$/, '.');
    throw new BitbudgetError('damaged-file', `${path} is not YAML: ${sentence}`, 'Mend the line.');
  }
  if (values === null) return {};
  if (typeof values === 'object' && !Array.isArray(values)) return values as Record<string, unknown>;
  throw new BitbudgetError('damaged-file', `${path} holds no names with values.`, 'Write lines such as `seed: 1`.');
}

function allOptions(command: Command): Map<string, Option> {
  const options = new Map(command.options.map((option) => [option.attributeName(), option]));
  for (const child of command.commands) for (const [name, option] of allOptions(child)) options.set(name, option);
  return options;
}

function unknownName(path: string, name: string, known: readonly string[]): BitbudgetError {
  const guess = nearestName(name, known);
  const remedy = guess ? `Did you mean ${guess}?` : 'Names are those of the flags in camelCase, see --help.';
  return new BitbudgetError('usage', `${path} sets "${name}", which no command knows.`, remedy);
}

function readValue(path: string, name: string, option: Option, value: unknown): unknown {
  const wrong = (expected: string) =>
    new BitbudgetError('usage', `${path} sets ${name} to ${JSON.stringify(value)}.`, `Give ${expected}.`);
  if (option.isBoolean()) {
    if (typeof value === 'boolean') return value;
    throw wrong('true or false');
  }
  const items = Array.isArray(value) ? value : [value];
  if (!items.every((item) => typeof item === 'string' || typeof item === 'number')) throw wrong('a value or a list');
  if (option.variadic) {
    const texts = items.map(String);
    const { parseArg } = option;
    return parseArg ? texts.reduce<unknown>((before, text) => parseArg(text, before), undefined) : texts;
  }
  const text = items.join(',');
  return option.parseArg ? option.parseArg(text, undefined) : text;
}
