import { z } from 'zod';
import { BitbudgetError } from '../core/errors.ts';
import type { Files } from '../core/ports.ts';

/** How a number of a device is known. */
export const FactKindSchema = z.enum(['measured', 'datasheet', 'assumed']);
export type FactKind = z.infer<typeof FactKindSchema>;

const factSchema = z.strictObject({
  value: z.number().positive(),
  kind: FactKindSchema,
  source: z.string().min(10).describe('where the number stands, or why it is assumed'),
});

/** One number, with how it is known and where from; its unit ends the field's name. */
export type Fact = z.infer<typeof factSchema>;

/** What is known of a kind of device; the unit of each number is in its field's name. */
export const DeviceFactsSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  name: z.string().min(1),
  recognise: z
    .strictObject({
      arch: z.enum(['x64', 'arm64', 'simulated']).describe('as `process.arch` names it, or a simulator'),
      modelPrefix: z
        .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
        .optional()
        .describe('start of the model name, or several; absent: any device of the arch'),
    })
    .describe('which devices these facts are for'),
  cores: factSchema,
  clockGhz: factSchema.describe('highest clock of a core'),
  idlePowerW: factSchema.describe('whole device, idle'),
  activePowerPerCoreW: factSchema.describe('above idle, for each busy core'),
  dramEnergyPjPerByte: factSchema.optional().describe('energy of reading a byte from main memory'),
  integerMacPj: factSchema
    .optional()
    .describe('energy of an 8-bit multiply-accumulate itself, without its instruction'),
  realMacPj: factSchema.optional().describe('energy of an f32 multiply-accumulate itself, without its instruction'),
  lastLevelCacheBytes: factSchema.describe('cache that one thread can fill'),
  peakGopsPerCore: factSchema.describe('no kernel can exceed this, whatever the scheme'),
});

export type DeviceFacts = z.infer<typeof DeviceFactsSchema>;

/** The JSON Schema of the files in `devices/`, published as `docs/schema/device.schema.json`. */
export function deviceJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(DeviceFactsSchema) as Record<string, unknown>;
  return { $schema, title: 'bitbudget device facts', ...schema };
}

/**
 * Reads the facts of a device.
 *
 * @param sourceName the file's name for messages.
 * @throws {BitbudgetError} `damaged-file` naming the first field that is wrong.
 */
export function parseDevice(text: string, sourceName: string): DeviceFacts {
  const remedy = 'See docs/schema/device.schema.json, or restore the file from the package.';
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new BitbudgetError('damaged-file', `${sourceName}: the file is no JSON.`, remedy);
  }
  const parsed = DeviceFactsSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  throw new BitbudgetError('damaged-file', `${sourceName}: ${path.join('.') || 'device'}: ${message}.`, remedy);
}

/** All device facts of a folder, sorted by id. */
export async function readDevices(files: Files, folder: string): Promise<DeviceFacts[]> {
  const names = (await files.list(folder)).filter((name) => name.endsWith('.json'));
  const devices = await Promise.all(
    names.map(async (name) => {
      const path = `${folder}/${name.slice(name.lastIndexOf('/') + 1)}`;
      return parseDevice(await files.readText(path), path);
    }),
  );
  return devices.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * The facts that fit a measured device best: those whose model prefix matches, else the generic ones of its
 * architecture. They only serve what was not measured, and whatever comes from them is tagged `model`.
 *
 * @throws {BitbudgetError} `unsupported` where nothing is known of the architecture.
 */
export function chooseDevice(devices: readonly DeviceFacts[], measured: { arch: string; model: string }): DeviceFacts {
  const sameArch = devices.filter(({ recognise }) => recognise.arch === measured.arch);
  const named = sameArch.find(({ recognise }) =>
    [recognise.modelPrefix ?? []].flat().some((prefix) => measured.model.startsWith(prefix)),
  );
  const device = named ?? sameArch.find(({ recognise }) => recognise.modelPrefix === undefined);
  if (device) return device;
  throw new BitbudgetError(
    'unsupported',
    `Nothing is known of devices with the architecture "${measured.arch}".`,
    'Add a file for it to devices/, with the source of every number.',
  );
}
