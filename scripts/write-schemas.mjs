// Writes docs/schema/*.schema.json from the schemas in the code: `npx tsx scripts/write-schemas.mjs`.
import { writeFileSync } from 'node:fs';
import { predictorJsonSchema } from '../src/accuracy/predictor/schema.ts';
import { deviceJsonSchema } from '../src/cost/device.ts';
import { lutJsonSchema } from '../src/lut/schema.ts';
import { allocationJsonSchema } from '../src/search/allocation/schema.ts';

const schemas = {
  lut: lutJsonSchema(),
  device: deviceJsonSchema(),
  problem: allocationJsonSchema(),
  predictor: predictorJsonSchema(),
};
for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(new URL(`../docs/schema/${name}.schema.json`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
}
