import { defineConfig } from 'vitest/config';

/** Tests that time kernels: other tests beside them would make them wait for calm. */
const measuring = [
  'test/cli/{demo,interrupt,masks-measured,presets,profile-*,threads}.test.ts',
  'test/shared/model-files.test.ts',
  'test/unit/measure/race.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'steady',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**', ...measuring],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'measuring', include: measuring, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
